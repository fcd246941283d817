// SPDX-License-Identifier: MIT
// node noise_server.js FOLDER PRIVATE LOADER.BIN COMMAND...: noise-c (npm
// noise-c.wasm, in FOLDER) as the server of a chip with the real loader;
// COMMAND is sealed_tool pipe.  Up to the chip's question for chunk 0.
"use strict";
const { spawn } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
delete globalThis.fetch; // else it looks for its own file there, in vain
const createNoise = require(path.join(path.resolve(process.argv[2]), "node_modules/noise-c.wasm"));

const secret = Buffer.from(process.argv[3], "hex");
const loader = crypto.createHash("sha256").update(fs.readFileSync(process.argv[4])).digest();
const chip = spawn(process.argv[5], process.argv.slice(6), { stdio: ["pipe", "pipe", "inherit"] });
const lines = require("readline").createInterface({ input: chip.stdout })[Symbol.asyncIterator]();

function expect(what, ok) {
	if (ok) return;
	console.error("FAILED: " + what);
	process.exit(1);
}

async function line() {
	const l = await lines.next();
	expect("the chip's end: " + l.value, !l.done && !l.value.startsWith("FAIL"));
	return l.value.split(" ");
}

async function say(type, body) {
	chip.stdin.write(type + " 0 " + Buffer.from(body).toString("hex") + "\n");
	const [kind, index, text] = await line();
	return [Number(kind), Number(index), Buffer.from(text === "-" ? "" : text, "hex")];
}

createNoise(async (noise) => {
	const c = noise.constants;
	const uid = Buffer.from((await line())[1], "hex");
	const hello = Buffer.alloc(77);
	hello[0] = 1;
	hello.write("judge", 1);
	hello[33] = 9;
	hello[41] = 1;
	crypto.randomFillSync(hello, 45);
	const [kind, , message1] = await say(1, hello);
	expect("message 1", kind === 0x82);
	const judge = noise.HandshakeState("Noise_NK_25519_ChaChaPoly_SHA256", c.NOISE_ROLE_RESPONDER);
	judge.Initialize(Buffer.concat([Buffer.from("signet handshake v1"), hello, uid, loader]), secret, null, null);
	const claim = Buffer.from(judge.ReadMessage(new Uint8Array(message1), true));
	expect("claim", claim[0] === 1 && claim[1] === 3 && claim.subarray(3, 15).equals(uid));
	const layout = Buffer.alloc(4 + 16 + 8 + 8 + 1 + 8 + 2);
	layout.writeUInt32LE(512, 0);
	layout[36] = 1;
	layout.writeUInt32LE(0x08000000, 37);
	layout.writeUInt32LE(4096, 41);
	const delivery = Buffer.concat([Buffer.from([1]), crypto.randomBytes(128), layout]);
	const [wants, chunk] = await say(2, judge.WriteMessage(new Uint8Array(delivery)));
	expect("message 2 is taken, chunk 0 wanted: " + wants, wants === 0x83 && chunk === 0);
	chip.stdin.end();
	console.log("noise-c: the loader takes its message 2");
});
