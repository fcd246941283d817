// SPDX-License-Identifier: MIT
// node noise.js FOLDER NOISE_TOOL: noise-c (npm noise-c.wasm, in FOLDER) as the
// other end of tests/tools/noise_tool, NK in either role.
"use strict";
const { spawn } = require("child_process");
const crypto = require("crypto");
const path = require("path");
delete globalThis.fetch; // else it looks for its own file there, in vain
const createNoise = require(path.join(path.resolve(process.argv[2]), "node_modules/noise-c.wasm"));

const tool = spawn(process.argv[3]);
const lines = [];
let waiting = null;
let rest = "";
tool.stdout.on("data", (d) => {
	rest += d;
	for (let at; (at = rest.indexOf("\n")) >= 0; rest = rest.slice(at + 1)) lines.push(rest.slice(0, at).trim().split(" "));
	if (waiting && lines.length) waiting();
});

const hex = (b) => Buffer.from(b).toString("hex") || "-";
const bytes = (s) => new Uint8Array(Buffer.from(s === "-" ? "" : s, "hex"));

async function ask(...words) {
	tool.stdin.write(words.map((w) => (typeof w === "string" ? w : hex(w))).join(" ") + "\n");
	if (!lines.length) await new Promise((go) => (waiting = go));
	waiting = null;
	return lines.shift();
}

function expect(what, ok) {
	if (ok) return;
	console.error("FAILED: " + what);
	process.exit(1);
}

const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;
const number = (n) => "00000000000000" + n.toString(16).padStart(2, "0");

async function transport(send, receive, toOpen, toSeal) {
	const none = new Uint8Array(0);
	for (let n = 0; n < 5; n++) {
		const text = crypto.randomBytes(1 + n * 17);
		let got = await ask("open", toOpen, number(n), send.EncryptWithAd(none, text));
		expect("open", got[0] === hex(text));
		got = await ask("seal", toSeal, number(n), text);
		expect("judge's open", same(receive.DecryptWithAd(none, bytes(got[0])), text));
	}
}

async function handshake(noise, weInitiate, n) {
	const c = noise.constants;
	const [secret, pub] = noise.CreateKeyPair(c.NOISE_DH_CURVE25519);
	const judge = noise.HandshakeState("Noise_NK_25519_ChaChaPoly_SHA256",
		weInitiate ? c.NOISE_ROLE_RESPONDER : c.NOISE_ROLE_INITIATOR);
	const prologue = crypto.randomBytes(1 + n * 13);
	const texts = [crypto.randomBytes(1 + n * 31), crypto.randomBytes(1 + n * 200)];
	if (weInitiate) {
		judge.Initialize(prologue, secret, null, null);
		await ask("initiator", prologue, pub, "-");
		const m = await ask("write", crypto.randomBytes(32), texts[0]);
		expect("payload 1", same(judge.ReadMessage(bytes(m[0]), true), texts[0]));
		const answer = judge.WriteMessage(texts[1]);
		expect("payload 2", (await ask("read", answer))[0] === hex(texts[1]));
	} else {
		judge.Initialize(prologue, null, pub, null);
		await ask("responder", prologue, secret, "-");
		const first = judge.WriteMessage(texts[0]);
		const bad = Uint8Array.from(first);
		bad[40] ^= 1;
		expect("an altered message is read", (await ask("read", bad))[0] === "error");
		expect("payload 1", (await ask("read", first))[0] === hex(texts[0]));
		const m = await ask("write", crypto.randomBytes(32), texts[1]);
		expect("payload 2", same(judge.ReadMessage(bytes(m[0]), true), texts[1]));
	}
	const [k1, k2, hash] = await ask("split");
	expect("hash", hex(judge.GetHandshakeHash()) === hash);
	const [send, receive] = judge.Split();
	await transport(send, receive, weInitiate ? k2 : k1, weInitiate ? k1 : k2);
}

createNoise(async (noise) => {
	let done = 0;
	for (let n = 0; n < 6; n++)
		for (const role of [true, false]) {
			await handshake(noise, role, n);
			done++;
		}
	tool.stdin.end();
	console.log("noise-c: " + done + " handshakes");
});
