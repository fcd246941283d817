# SPDX-License-Identifier: MIT
#
# What scripts must know of each chip; source it, then
#
#   chip_use stm32f051
#
# sets CHIP, FAMILY, FLASH_BASE, FLASH_LEN, PAGE_LEN, APP_BASE (where the
# example bootloader looks for the application), CLONE (a counterfeit profile
# of the virtual MCU), BOOT_MS (virtual time until the example has said
# that it is genuine), SEALED (set when it has sealed mode), LINKS (of sealed
# mode), HIDES (set when a locked chip hides its unique ID) and FROZEN (bytes
# before a sealed image).

CHIPS='stm32l432 stm32f103xb stm32f103xe stm32f051 nrf51822'

chip_use() {
	CHIP=$1 FLASH_BASE=0x08000000 SEALED=1 LINKS='swd-pins uart' HIDES=''
	FROZEN=0
	case $1 in
	stm32l432)
		FAMILY=stm32l4 FLASH_LEN=262144 PAGE_LEN=2048
		APP_BASE=0x08004000 CLONE=clone-gd BOOT_MS=1200 ;;
	stm32f103xb)
		FAMILY=stm32f1 FLASH_LEN=131072 PAGE_LEN=1024
		APP_BASE=0x08005000 CLONE=gd32f103 BOOT_MS=1200 HIDES=1
		FROZEN=0x1000 ;;
	stm32f103xe)
		FAMILY=stm32f1 FLASH_LEN=524288 PAGE_LEN=2048
		APP_BASE=0x08005000 CLONE=gd32f103 BOOT_MS=1200 HIDES=1
		FROZEN=0x1000 ;;
	stm32f051)
		FAMILY=stm32f0 FLASH_LEN=65536 PAGE_LEN=1024
		APP_BASE=0x08005000 CLONE=clone-m0plus BOOT_MS=4000 ;;
	nrf51822)
		FAMILY=nrf51 FLASH_LEN=262144 PAGE_LEN=1024 FLASH_BASE=0
		APP_BASE=0x00005000 CLONE=clone-core BOOT_MS=12000 LINKS=uart ;;
	*)
		echo "there is no chip \"$1\": $CHIPS" >&2
		return 2 ;;
	esac
}

# chip_uid XX [YY]: a UID that the family can have; XX, YY are hex digits that
# make it another one, YY a printable character (default 20)
chip_uid() {
	case $FAMILY in
	stm32f1) echo "${1}0670ff495350${2:-20}50670ff1" ;;
	nrf51) echo "${1}a1b2c3d4e5f6${2:-20}" ;;
	*) echo "${1}001100144f3546383533${2:-20}" ;;
	esac
}
