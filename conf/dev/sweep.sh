#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev test sweep - the adversary's tests in full (at most two hours).
#
#   power      the supply cut in every flash operation of a sealed job: what is
#              left is blank, resumable or complete, and recovers; and once
#              more in the recovery
#   forks      the same for the whole job of a real station and server
#   debugger   four attacks through the debug port at a sweep of cycles
#   lock       each instruction before the handshake left out in turn
#              (all three also on the STM32F1 and STM32F0, which have no ECC and
#              whose SRAM is open, and on the nRF51, which opens all of itself to
#              a debugger that steps)
#   listener   all wires of two devices, the station's memory, disk, sockets
#
# The short forms are tests/e2e/sweep.sh and tests/e2e/listener.sh.  Logs stay
# in build/test.  SWEEP=short runs the short forms' sizes.
set -euo pipefail
B=${B:-build/host}
L=build/test
mkdir -p "$L"
failed=0

if [ "${SWEEP:-full}" = full ]; then
	make -s -j"$(nproc)" tests target
	power=(--size 65536 --recover 45) power_swd=(--size 8192 --recover 60)
	twice=(--size 6000 --recover 20) forks_kb=64
	debugger=(--size 16384 --stops 1000)
	lock=(--every 1 --times 2)
	listen_kb=128
	chips=(--size 8192 --stops 100) chips_lock=(--every 3 --times 1)
	chips_power=(--size 16384 --recover 60)
	chips_power_swd=(--size 4096 --recover 60)
	chips_late=(--size 3000 --recover 60)
	chips_twice=(--size 3000 --every 10 --recover 15)
else
	power=(--size 3000) power_swd=(--size 2048 --every 7)
	twice=(--size 2048 --every 40) forks_kb=0
	debugger=(--size 3000 --stops 25)
	lock=(--every 41 --times 1)
	listen_kb=0
	chips=(--size 3000 --stops 10) chips_lock=(--every 97 --times 1)
	chips_power=(--size 1024 --every 9) chips_power_swd=()
	chips_twice=() chips_late=(--size 1024 --every 100)
fi

run() { # NAME COMMAND...
	local name=$1 start=$SECONDS status=0
	shift
	"$@" >"$L/sweep-$name.log" 2>&1 || status=$?
	if [ $status = 0 ]; then
		printf 'ok    %-22s %5d s  %s\n' "$name" $((SECONDS - start)) \
			"$(tail -n 1 "$L/sweep-$name.log" | cut -c1-150)"
		return
	fi
	printf 'FAIL  %-22s exit %d, see %s\n%s\n' "$name" $status \
		"$L/sweep-$name.log" \
		"$(tail -n 8 "$L/sweep-$name.log" | sed 's/^/      | /')"
	return 1
}
running=0
# each step is one process; as many at a time as there are processors, but for
# the short forms, which run beside other tests
jobs=1
[ "${SWEEP:-full}" = short ] || jobs=$(nproc)
step() {
	if [ $running -ge "$jobs" ]; then
		wait -n || failed=$((failed + 1))
		running=$((running - 1))
	fi
	run "$@" &
	running=$((running + 1))
}

step power "$B/sweep_power" "${power[@]}"
step power-swd "$B/sweep_power" --line swd "${power_swd[@]}"
step power-twice "$B/sweep_power" --twice "${twice[@]}"
step debugger "$B/sweep_debugger" "${debugger[@]}"
step lock "$B/sweep_lock" "${lock[@]}"
# what a debugger finds differs by family (docs/threat-model.md)
for chip in stm32f103xb stm32f103xe stm32f051 nrf51822; do
	step "debugger-$chip" "$B/sweep_debugger" --chip $chip "${chips[@]}"
	step "lock-$chip" "$B/sweep_lock" --chip $chip "${chips_lock[@]}"
	step "power-$chip" "$B/sweep_power" --chip $chip "${chips_power[@]}"
	# (the nRF51 has no such line)
	[ ${#chips_power_swd[@]} = 0 ] || [ $chip = nrf51822 ] ||
		step "power-swd-$chip" "$B/sweep_power" --chip $chip \
			--line swd "${chips_power_swd[@]}"
	# (the xE's loader is the xB's, in other pages)
	[ ${#chips_twice[@]} = 0 ] || [ $chip = stm32f103xe ] ||
		step "power-twice-$chip" "$B/sweep_power" --chip $chip \
			--twice "${chips_twice[@]}"
done
# level 2, set by the stub
step power-late-stm32f051 "$B/sweep_power" --chip stm32f051 --late \
	"${chips_late[@]}"
step debugger-level2 "$B/sweep_debugger" --chip stm32f051 --level2 "${chips[@]}"
[ $forks_kb = 0 ] || FORKS_KB=$forks_kb step forks bash tests/e2e/forks.sh
[ $listen_kb = 0 ] || LISTEN_KB=$listen_kb step listener bash tests/e2e/listener.sh
for ((; running > 0; running--)); do
	wait -n || failed=$((failed + 1))
done
echo "sweep: $failed failed"
[ $failed = 0 ]
