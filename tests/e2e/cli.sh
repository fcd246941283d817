#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The owner's program against a real server: the good path, and every bad
# input answered with the right exit code, a cause and a next step.
set -euo pipefail
. tests/lib/line.sh

# -- before there is anything ------------------------------------------------
run "no settings" 4 signet order list
says "no settings" 'config does not exist'
server_init
run "server down" 4 signet --home "$DIR/none" status
signet init --from "$DIR/server/owner.json" >/dev/null
run "server down" 3 signet status
says "server down" 'network error'
run "settings are private" 0 stat -c %a "$SIGNET_HOME/config"
expect "settings are private" "$DIR/out" '^600$'
server_start
run "status" 0 signet status

# -- init's own bad input ----------------------------------------------------
run "init: no file" 4 signet --home "$DIR/x" init --from "$DIR/nothing"
says "init: no file" nothing
echo '{"url": 1}' >"$DIR/bad.json"
run "init: bad file" 4 signet --home "$DIR/x" init --from "$DIR/bad.json"
says "init: bad file" '"url"'
run "init: half" 2 signet --home "$DIR/x" init --url https://localhost:1
run "wrong token" 1 sh -c "mkdir -p '$DIR/y' && cp -r '$SIGNET_HOME'/* '$DIR/y' &&
	sed -i '/^token = /{s/= 0/= 1/;t;s/= ./= 0/}' '$DIR/y/config' &&
	'$B/signet' --home '$DIR/y' status"
says "wrong token" 'not-authorised'
sed -i 's/^url/ur/' "$DIR/y/config"
run "broken config" 4 signet --home "$DIR/y" status
says "broken config" 'config:[0-9]+: '

# -- keys --------------------------------------------------------------------
run "key" 0 signet key generate release main \
	--passphrase-file "$DIR/owner.pass"
run "key exists" 4 signet key generate release main \
	--passphrase-file "$DIR/owner.pass"
says "key exists" 'main'
run "device keys are the server's" 2 signet key generate device d \
	--passphrase-file "$DIR/owner.pass"
run "no passphrase" 4 setsid "$B/signet" key generate release second
says "no passphrase" .
run "unknown key" 4 signet key show nothing
run "key file" 0 cat "$SIGNET_HOME/keys/main.pem"
expect "encrypted" "$DIR/out" 'BEGIN ENCRYPTED PRIVATE KEY'

# -- products ----------------------------------------------------------------
run "product" 0 signet product create lamp --family stm32l4 --release-key main
run "product twice" 1 signet product create lamp --family stm32l4 \
	--release-key main
says "product twice" '\(exists\)'
run "unknown family" 1 signet product create p2 --family z80 --release-key main
says "unknown family" 'bad-request'
says "unknown family" 'there is no chip family z80'
says "unknown family" 'next: take one of: .*stm32l4'
run "product name" 2 signet product create Lamp --family stm32l4 \
	--release-key main
run "no such product" 1 signet product show nothing
says "no such product" 'nothing'
says "no such product" 'next: .*.signet product list'
run "keys header" 0 signet product keys-header lamp
for word in 'SIGNET_PRODUCT "lamp"' SIGNET_FAMILY 'SIGNET_ROLLBACK_MIN 0' \
	'signet_device_pub\[65\]' 'signet_release_pub\[65\]'; do
	expect "keys header" "$DIR/out" "$word"
done
gcc -fsyntax-only -I. -x c -include stdint.h "$DIR/out" ||
	fail "the keys header is not C"

# -- firmware files ----------------------------------------------------------
# begins as an image does: a stack pointer, and a reset vector
printf '\x00\x80\x00\x20\x01\x01\x00\x08' >"$DIR/fw.bin"
head -c 4088 /dev/urandom >>"$DIR/fw.bin"
make_release() { # FILE...: with the rest of a good command line
	signet release make "$@" --product lamp --version 1.0.0 \
		--out "$DIR/r.signet" --passphrase-file "$DIR/owner.pass"
}
run "outside" 4 make_release "$DIR/fw.bin@0x20000000"
says "outside" '0x20000000\.\.0x20000fff is outside the flash'
run "over the end" 4 make_release "$DIR/fw.bin@0x0803f800"
says "over the end" 'outside the flash'
run "in the reserve" 4 make_release "$DIR/fw.bin@0x0803e000"
says "in the reserve" 'reserved top 8192 bytes'
run "into the reserve" 4 make_release "$DIR/fw.bin@0x0803d008"
says "into the reserve" 'reserved top 8192 bytes'
run "just below" 0 make_release "$DIR/fw.bin@0x08000000" \
	"$DIR/fw.bin@0x0803c800"
run "into the loader" 4 make_release "$DIR/fw.bin@0x08000000" \
	"$DIR/fw.bin@0x0803d000"
says "into the loader" 'to the loader'
run "nothing at the start" 4 make_release "$DIR/fw.bin@0x08001000"
says "nothing at the start" 'stack pointer and reset vector at 0x08000000'
says "nothing at the start" "next: .*the bootloader's first"
head -c 4096 /dev/zero >"$DIR/zero.bin"
run "no vectors" 4 make_release "$DIR/zero.bin@0x08000000"
says "no vectors" 'no stack pointer and reset vector'
run "no address" 4 make_release "$DIR/fw.bin"
says "no address" 'fw.bin'
run "overlap" 4 make_release "$DIR/fw.bin@0x08000000" "$DIR/fw.bin@0x08000800"
says "overlap" '0x08000800 is defined already'
says "overlap" 'next: name each file once'
run "no file" 4 make_release "$DIR/nothing.hex"
says "no file" 'nothing.hex'
says "no file" 'next: check the path'
printf ':10000000000102030405060708090A0B0C0D0E0F79\n:00000001FF\n' \
	>"$DIR/sum.hex"
run "checksum" 4 make_release "$DIR/sum.hex"
says "checksum" 'sum.hex:1: .*checksum'
printf ':100000000001020304\n' >"$DIR/cut.hex"
run "truncated" 4 make_release "$DIR/cut.hex"
says "truncated" 'cut.hex:1: '
printf 'hello\n' >"$DIR/text.hex"
run "not firmware" 4 make_release "$DIR/text.hex"
: >"$DIR/empty.hex"
run "empty" 4 make_release "$DIR/empty.hex"
run "unknown chip" 2 make_release "$DIR/fw.bin@0x08000000" --chip pic16
run "level 0" 2 make_release "$DIR/fw.bin@0x08000000" --protect 0
run "bad option" 2 make_release "$DIR/fw.bin@0x08000000" --option 1:2
run "value outside mask" 2 make_release "$DIR/fw.bin@0x08000000" \
	--option 0x40022020:1:2
run "reserved option" 4 make_release "$DIR/fw.bin@0x08000000" \
	--option 0x40022020:0x800:0
says "reserved option" 'reserved bits'
run "no such mode" 2 make_release "$DIR/fw.bin@0x08000000" --mode open
run "signed is not allowed" 4 make_release "$DIR/fw.bin@0x08000000" \
	--mode signed
says "signed is not allowed" 'sealed mode only'
[ ! -e "$DIR/none.signet" ] || fail "a file was left behind"

# -- passphrase, key, product ------------------------------------------------
printf 'wrong\n' >"$DIR/wrong.pass"
run "wrong passphrase" 4 signet release make "$DIR/fw.bin@0x08000000" \
	--product lamp --version 1.0.0 --passphrase-file "$DIR/wrong.pass" \
	--out "$DIR/none.signet"
says "wrong passphrase" 'passphrase'
[ ! -e "$DIR/none.signet" ] || fail "a release was made without the key"
run "unknown product" 1 signet release make "$DIR/fw.bin@0x08000000" \
	--product nothing --version 1.0.0 --passphrase-file "$DIR/owner.pass"
run "another key" 0 signet key generate release other \
	--passphrase-file "$DIR/owner.pass"
run "not the product's key" 4 make_release "$DIR/fw.bin@0x08000000" --key other
says "not the product's key" 'not the release key'

# -- upload ------------------------------------------------------------------
run "make" 0 make_release "$DIR/fw.bin@0x08000000"
expect "make" "$DIR/out" '1.0.0, sealed, 4096 bytes'
expect "make" "$DIR/out" '0x08000000 +4096 bytes'
run "upload" 0 signet release upload "$DIR/r.signet"
run "upload twice" 1 signet release upload "$DIR/r.signet"
says "upload twice" '\(exists\)'
says "upload twice" 'next: .*another --version'
head -c 300 "$DIR/r.signet" >"$DIR/short.signet"
run "upload half" 4 signet release upload "$DIR/short.signet"
run "upload noise" 4 signet release upload "$DIR/fw.bin"
# one byte of the sealed part: the server alone can see that
run "make 1.0.1" 0 signet release make "$DIR/fw.bin@0x08000000" \
	--product lamp --version 1.0.1 --out "$DIR/r1.signet" \
	--passphrase-file "$DIR/owner.pass"
byte_flip "$DIR/r1.signet" 4000
run "altered" 1 signet release upload "$DIR/r1.signet"
says "altered" 'refused'

# -- orders ------------------------------------------------------------------
new_order() { # NAME QUANTITY PRODUCT RELEASE [OPTION...]
	signet order create "$1" --quantity "$2" --product "$3" \
		--release "$4" --manufacturer acme "${@:5}"
}
run "order of 0" 2 new_order o 0 lamp 1.0.0
says "order of 0" '1 to 2147483647'
run "order of 2^32" 2 new_order o 4294967296 lamp 1.0.0
run "order of 2^31" 2 new_order o 2147483648 lamp 1.0.0
run "order of -1" 2 new_order o -1 lamp 1.0.0
run "unknown product" 1 new_order o 1 nothing 1.0.0
says "unknown product" 'not-found'
run "unknown release" 1 new_order o 1 lamp 9.9.9
says "unknown release" 'not-found'
run "order" 0 new_order o 2147483647 lamp 1.0.0
run "order twice" 1 new_order o 1 lamp 1.0.0
says "order twice" '\(exists\)'
run "unknown order" 1 signet order show nothing
run "unknown order" 1 signet order pause nothing
says "unknown order" 'not-found'
says "unknown order" 'next: .*.signet order list'
run "resume an open order" 1 signet order resume o
run "pause" 0 signet order pause o
[ "$(order_field o state)" = paused ] || fail "the order is not paused"
run "resume" 0 signet order resume o
run "end" 0 signet order end o
run "resume an ended order" 1 signet order resume o
says "resume an ended order" '\(state\)'
says "resume an ended order" 'next: create another order'

# -- modes and proof steps ---------------------------------------------------
run "signed order of a sealed product" 1 new_order s1 1 lamp 1.0.0 \
	--mode signed
says "signed order of a sealed product" '\(mode\)'
run "product show" 0 signet product show lamp
expect "product show" "$DIR/out" '^modes +sealed$'
expect "product show" "$DIR/out" '^demands +none$'
run "open product" 0 signet product create open --family stm32l4 \
	--release-key main --allow-signed
run "signed release" 0 signet release make "$DIR/fw.bin@0x08000000" \
	--product open --version 1 --mode signed --out "$DIR/s.signet" \
	--passphrase-file "$DIR/owner.pass"
run "upload it" 0 signet release upload "$DIR/s.signet"
run "sealed order of a signed release" 1 new_order s2 1 open 1
says "sealed order of a signed release" '\(mode\).*laid out for signed mode'
run "signed order" 0 new_order s2 1 open 1 --mode signed
[ "$(order_field s2 mode)" = signed ] || fail "the order does not say its mode"
run "no such demand" 1 signet product create p3 --family stm32l4 \
	--release-key main --demand-proof trust
run "demanding product" 0 signet product create safe --family stm32l4 \
	--release-key main --demand-proof stage0 --allow-signed
for m in sealed signed; do
	run "release" 0 signet release make "$DIR/fw.bin@0x08000000" \
		--product safe --version $m --mode $m --out "$DIR/$m.signet" \
		--passphrase-file "$DIR/owner.pass"
	run "upload" 0 signet release upload "$DIR/$m.signet"
done
run "signed proves nothing" 1 new_order d 1 safe signed --mode signed
says "signed proves nothing" '\(proof-step\)'
run "no batch" 1 new_order d 1 safe sealed
says "no batch" '\(proof-step\)'
says "no batch" 'next: .*--batch'
run "unknown batch" 1 new_order d 1 safe sealed --batch b1
says "unknown batch" 'not-found'
run "batch of another family" 1 signet batch create b1 --family stm32f1 \
	--manufacturer site
says "batch of another family" '\(proof-step\)'
says "batch of another family" 'next: take a family that can:.* stm32l4'
run "batch" 0 signet batch create b1 --family stm32l4 --manufacturer site
run "batch twice" 1 signet batch create b1 --family stm32l4 --manufacturer site
says "batch twice" '\(exists\)'
run "batch for a signed order" 1 new_order d 1 open 1 --mode signed --batch b1
says "batch for a signed order" '\(mode\)'
run "proved order" 0 new_order d 1 safe sealed --batch b1
[ "$(order_field d proof)" = stage0 ] || fail "the order does not say its proof"
[ "$(order_field o proof)" = none ] || fail "an order claims a proof"
# a chip for demonstrations: said wherever it could be taken for more
run "toy with stage 0" 1 signet product create toy --family nrf51 \
	--release-key main --allow-signed --demand-proof stage0
says "toy with stage 0" '\(proof-step\)'
run "batch of toys" 1 signet batch create toys --family nrf51 \
	--manufacturer site
says "batch of toys" '\(proof-step\)'
run "a demonstration demanded" 1 signet product create toy --family nrf51 \
	--release-key main --allow-signed --demand-proof demonstration
run "toy" 0 signet product create toy --family nrf51 --release-key main \
	--allow-signed
expect "toy" "$DIR/out" '^label +tests and demonstrations$'
run "products" 0 signet product list
expect "products" "$DIR/out" '^toy +nrf51 .* tests and demonstrations '
expect "products" "$DIR/out" '^safe +stm32l4 .* protected by its manual '
# labels are said whole, and a chip without sealed mode is refused here, not at
# the station
run "longest label" 0 signet product create long --family stm32f0 \
	--release-key main
expect "longest label" "$DIR/out" \
	'^label +raises the cost; level 2: protected by its manual$'
run "f1" 0 signet product create f1 --family stm32f1 --release-key main
{
	printf '\x00\x40\x00\x20\x01\x11\x00\x08'
	tail -c 4088 "$DIR/fw.bin"
} >"$DIR/f1.bin"
f1_release() {
	signet release make "$DIR/f1.bin@0x08001000" --product f1 --version 1 \
		--out "$DIR/f1.signet" --passphrase-file "$DIR/owner.pass" "$@"
}
run "which F1" 2 f1_release
says "which F1" 'has several chips'
run "F103xE, sealed" 0 f1_release --chip stm32f103xe
run "F103xB, sealed" 0 f1_release --chip stm32f103xb
run "toy release" 0 signet release make "$DIR/fw.bin@0" --product toy \
	--version 1 --mode signed --out "$DIR/toy.signet" \
	--passphrase-file "$DIR/owner.pass"
run "upload" 0 signet release upload "$DIR/toy.signet"
run "toy order" 0 new_order t 1 toy 1 --mode signed
[ "$(order_field t proof)" = demonstration ] || fail "a toy claims more"
# sealed: the stub needs the places of two vectors that the core does not use
toy_release() { # VECTOR 4
	{
		printf '\x00\x40\x00\x20\x01\x01\x00\x00'
		printf '\x11\x01\x00\x00\x21\x01\x00\x00'"$1"'\x00\x00\x00\x00'
		head -c 4072 "$DIR/fw.bin"
	} >"$DIR/toy.bin"
	signet release make "$DIR/toy.bin@0" --product toy --version "$2" \
		--out "$DIR/toy-$2.signet" --passphrase-file "$DIR/owner.pass"
}
run "sealed toy, its own" 4 toy_release '\x31\x01\x00\x00' 2
says "sealed toy, its own" 'needs the vectors 4 and 5 \(at 0x00000010\)'
run "sealed toy, filled" 0 toy_release '\x21\x01\x00\x00' 3
run "sealed toy" 0 toy_release '\x00\x00\x00\x00' 4
run "sealed toy, up" 0 signet release upload "$DIR/toy-4.signet"
run "sealed toy order" 0 signet order create ts --product toy --release 4 \
	--quantity 1 --manufacturer acme
[ "$(order_field ts proof)" = demonstration ] || fail "a sealed toy claims more"
run "batches" 0 signet batch list
expect "batches" "$DIR/out" '^b1 +stm32l4 +site +0 '

# -- loaders -----------------------------------------------------------------
run "loader header" 0 signet loader keys-header --out "$DIR/loader_keys.h"
gcc -fsyntax-only -x c "$DIR/loader_keys.h" || fail "the header is not C"
python3 - "$DIR" <<'PY'
import re, sys
d = sys.argv[1]
text = open(d + "/loader_keys.h").read()
key = bytes(int(x, 16) for x in re.findall(r"0x([0-9a-f]{2})", text))
assert len(key) == 32
size = int(re.search(r"LOADER_LEN (0x[0-9a-f]+)",
                     open("wire/layout.h").read()).group(1), 16)
start = bytes.fromhex("00200010") + (0x0803d901).to_bytes(4, "little")
open(d + "/loader.bin", "wb").write(start + key.rjust(size - 8, b"\xff"))
open(d + "/other.bin", "wb").write(start.ljust(size, b"\xff"))
open(d + "/short.bin", "wb").write(key)
open(d + "/stub.bin", "wb").write(bytes(range(200)))
PY
run "short loader" 4 signet loader add "$DIR/short.bin" --chip stm32l432
run "another server's" 1 signet loader add "$DIR/other.bin" --chip stm32l432 \
	--link uart
says "another server's" 'server.s key'
# its debug pins are no GPIO pins
run "another family" 1 signet loader add "$DIR/loader.bin" --chip nrf51822 \
	--link swd-pins
run "no such chip" 1 signet loader add "$DIR/loader.bin" --chip stm32l433 \
	--link uart
says "no such chip" 'there is no "stm32l433"'
# one that checks no lock (loader/module.mk)
run "an emulator's" 1 signet loader add "$DIR/loader.bin" \
	--chip qemu_microbit --link uart
says "an emulator's" 'there is no "qemu_microbit"'
run "the end of another flash" 1 signet loader add "$DIR/loader.bin" \
	--chip stm32f103xe --link uart
says "the end of another flash" '\(loader-chip\)'
says "the end of another flash" 'starts at 0x0803d900; .* 0x0807d800'
mv "$DIR/stub.bin" "$DIR/st.bin"
run "no stub" 4 signet loader add "$DIR/loader.bin" --chip stm32l432
run "no such link" 1 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin" --link smoke
says "no such link" 'uart or swd-pins'
digest=$(sha256sum <"$DIR/loader.bin" | cut -d' ' -f1)
run "no link" 2 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin"
says "no link" 'which line'
run "no chip" 2 signet loader add "$DIR/loader.bin" --link uart \
	--stub "$DIR/st.bin"
says "no chip" 'which chip'
note() { # CHIP LINK SHA256
	printf '{ "chip": "%s", "link": "%s", "sha256": "%s" }' "$@" \
		>"$DIR/loader.json"
}
note stm32l432 swd-pins "$digest"
run "another link" 4 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin" --link uart
says "another link" 'link is swd-pins, not uart'
note stm32f103xb swd-pins "$digest"
run "another chip" 4 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin"
says "another chip" 'chip is stm32f103xb, not stm32l432'
note stm32l432 swd-pins "${digest//[0-9]/a}"
run "another build" 4 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin"
says "another build" 'of another loader'
echo '[' >"$DIR/loader.json"
run "a broken note" 4 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin"
note stm32l432 swd-pins "$digest"
run "loader" 0 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin"
run "loader twice" 1 signet loader add "$DIR/loader.bin" --chip stm32l432 \
	--stub "$DIR/st.bin"
says "loader twice" '\(exists\)'
run "loaders" 0 signet loader list
expect "loaders" "$DIR/out" "^stm32l432 +swd-pins +admitted .*$digest"
run "retire" 0 signet loader retire "$digest"
expect "retire" "$DIR/out" '^state +retired'
run "admit" 0 signet loader admit "$digest"
expect "admit" "$DIR/out" '^state +admitted'
run "retire unknown" 1 signet loader retire "${digest//[0-9]/a}"
says "retire unknown" 'not-found'
run "retire nonsense" 1 signet loader retire xyz
says "retire nonsense" 'bad-request'
says "retire nonsense" 'next: .*.signet loader list'

# -- flashers, grants, devices -----------------------------------------------
run "invite" 0 signet flasher invite line1 --manufacturer acme --channels 2
expect "invite" "$DIR/out" 'SGN1-[0-9a-f]{32}-[0-9a-f]{32}@.*:[0-9]+'
# a code that got lost is replaced
run "invite again" 0 signet flasher invite line1 --manufacturer acme
run "revoke unknown" 1 signet flasher revoke nothing
run "scrap unknown" 1 signet grant scrap 99 --reason test
says "scrap unknown" 'not-found\): there is no grant 99'
says "scrap unknown" 'next: .*.signet device list'
run "scrap without reason" 2 signet grant scrap 99
run "device unknown" 1 signet device show 0102030405060708090a0b0c
run "device malformed" 2 signet device show 0102x
run "devices" 0 signet device list
expect "devices" "$DIR/out" '^none$'

# -- verify: what is demanded must be checkable -------------------------------
openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null |
	openssl ec -pubout -out "$DIR/some.pub" 2>/dev/null
run "not a credential" 1 signet verify "$DIR/fw.bin" --key "$DIR/some.pub"
expect "not a credential" "$DIR/out" '^NOT genuine: this is not a credential$'
run "rollback of nothing" 2 signet verify "$DIR/fw.bin" \
	--key "$DIR/some.pub" --rollback-min 3
says "rollback of nothing" 'goes with --release-key'
run "no key" 4 signet verify "$DIR/fw.bin" --key "$DIR/fw.bin"

# -- wrong code at the station -----------------------------------------------
run "mistyped code" 2 station enrol --code SGN1-12
says "mistyped code" 'incomplete or mistyped'
code=$(signet --json flasher invite line2 --manufacturer acme |
	sed -n 's/.*"code": *"\([^"]*\)".*/\1/p')
pin=${code#SGN1-}
pin=${pin%%-*}
run "wrong secret" 1 station enrol --code \
	"SGN1-$pin-00000000000000000000000000000000@${code#*@}"
says "wrong secret" 'enrol-code'
run "wrong pin" 3 station enrol --code \
	"SGN1-00000000000000000000000000000000-${code#SGN1-"$pin"-}"
says "wrong pin" 'TLS'
run "right code" 0 station enrol --code "$code"
run "enrolled already" 4 station enrol --code "$code"

# -- addresses that cannot be one: before anything is done -------------------
run "no such probe kind" 2 station program --order o --probe foo:1
says "no such probe kind" '"foo:1" must begin with usb:, hid:, tcp: or gdb:'
run "no port" 2 station probes --probe tcp:127.0.0.1
run "no power" 2 station program --order o --probe usb: --power gpio:x
says "no power" 'gpio:CHIP:LINE'
run "no button" 2 station program --order o --probe usb: --next gpio:0:1:up
run "power for nothing" 2 station program --order o --power true
printf '\n[channel 0]\nprobe = foo:1\n' >"$DIR/station/flasher.conf"
run "flasher.conf" 4 station probes
says "flasher.conf" 'flasher.conf:3: probe = foo:1: must begin with'
says "flasher.conf" 'next: .*signet-flasher\.conf\(5\)'
rm "$DIR/station/flasher.conf"
run "invite the enrolled" 1 signet flasher invite line2 --manufacturer acme
says "invite the enrolled" '\(exists\)'
run "code used up" 1 "$B/signet-flasher" --dir "$DIR/second" enrol \
	--code "$code"
says "code used up" 'enrol-code'

# -- JSON, and how problems look there ---------------------------------------
run "json" 0 signet --json log list
python3 - "$DIR/out" <<'PY' || fail "log list --json"
import json, sys
rows = json.load(open(sys.argv[1]))["rows"]
assert len(rows) > 10 and rows[0]["seq"] == 1
assert any(r["code"] for r in rows), "refusals are in the log"
PY
run "json problem" 1 signet --json order show nothing
python3 -c 'import json,sys; e=json.load(open(sys.argv[1]))["error"]
assert e["code"] and e["cause"] and e["next"]' "$DIR/out" ||
	fail "a problem in JSON"
run "log filter" 0 signet --json log list --event order.created
[ "$(grep -c '"seq"' "$DIR/out")" = 5 ] || fail "the filter by event"

# -- no escape codes, no secrets ---------------------------------------------
run "plain" 0 signet log list
# digests by their beginning, and nothing is lost where room is short
expect "plain" "$DIR/out" "${digest:0:16}\.\.  +."
if grep -q "$digest" "$DIR/out"; then fail "a whole digest in the log"; fi
for width in 40 80 120; do
	run "$width columns" 0 env COLUMNS=$width "$B/signet" log list
	awk -v w=$width 'length > w { bad = 1; print } END { exit bad }' \
		"$DIR/out" || fail "lines longer than $width columns"
	tr -s ' \n' ' ' <"$DIR/out" | grep -q 'the product demands\|which this order does not give' ||
		fail "$width columns: a text was cut"
done
run "80 columns" 0 env COLUMNS=80 "$B/signet" loader list
expect "80 columns" "$DIR/out" "$digest\$"
run "plain" 0 signet log list
if grep -q $'\033' "$DIR/out"; then fail "escape codes in a file"; fi
if grep -rqF "$(sed -n 's/^token = //p' "$SIGNET_HOME/config")" \
	"$DIR/server.log" "$DIR/out"; then fail "the token was printed"; fi
server_stop
say "the owner's program: all answers as they should be"
