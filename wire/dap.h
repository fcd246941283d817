/* SPDX-License-Identifier: MIT */
/*
 * wire/dap.h - CMSIS-DAP packet constants (Arm CMSIS-DAP 2.1.1, "Commands"),
 * and the framing that carries its packets over TCP (OpenOCD's cmsis-dap tcp
 * backend).  Used by the probe driver and by the virtual MCU's probe.
 */
#ifndef WIRE_DAP_H
#define WIRE_DAP_H

enum dap_command {
	DAP_INFO = 0x00,
	DAP_HOST_STATUS = 0x01,
	DAP_CONNECT = 0x02,
	DAP_DISCONNECT = 0x03,
	DAP_TRANSFER_CONFIGURE = 0x04,
	DAP_TRANSFER = 0x05,
	DAP_TRANSFER_BLOCK = 0x06,
	DAP_TRANSFER_ABORT = 0x07,
	DAP_WRITE_ABORT = 0x08,
	DAP_DELAY = 0x09,
	DAP_RESET_TARGET = 0x0a,
	DAP_SWJ_PINS = 0x10,
	DAP_SWJ_CLOCK = 0x11,
	DAP_SWJ_SEQUENCE = 0x12,
	DAP_SWD_CONFIGURE = 0x13,
	DAP_JTAG_SEQUENCE = 0x14,
	DAP_JTAG_CONFIGURE = 0x15,
	DAP_JTAG_IDCODE = 0x16,
	DAP_SWO_TRANSPORT = 0x17,
	DAP_SWO_STATUS = 0x1b,
	DAP_SWD_SEQUENCE = 0x1d,
	DAP_UART_TRANSPORT = 0x1f,
	DAP_UART_CONFIGURE = 0x20,
	DAP_UART_TRANSFER = 0x21,
	DAP_UART_CONTROL = 0x22,
	DAP_UART_STATUS = 0x23,
	DAP_QUEUE_COMMANDS = 0x7e,
	DAP_EXECUTE_COMMANDS = 0x7f,
	DAP_INVALID = 0xff,
};

enum dap_info_id {
	DAP_INFO_VENDOR = 0x01,
	DAP_INFO_PRODUCT = 0x02,
	DAP_INFO_SERIAL = 0x03,
	DAP_INFO_PROTOCOL = 0x04, /* "2.1.1" */
	DAP_INFO_TARGET_VENDOR = 0x05,
	DAP_INFO_TARGET_DEVICE = 0x06,
	DAP_INFO_BOARD_VENDOR = 0x07,
	DAP_INFO_BOARD_NAME = 0x08,
	DAP_INFO_FIRMWARE = 0x09,
	DAP_INFO_CAPABILITIES = 0xf0,
	DAP_INFO_UART_RX_BUFFER = 0xfb,
	DAP_INFO_UART_TX_BUFFER = 0xfc,
	DAP_INFO_PACKET_COUNT = 0xfe,
	DAP_INFO_PACKET_SIZE = 0xff,
};

#define DAP_CAP_SWD 0x01
#define DAP_CAP_JTAG 0x02
#define DAP_CAP_ATOMIC 0x10
#define DAP_CAP_UART 0x80      /* bit 7: UART communication port */
#define DAP_CAP2_UART_COM 0x01 /* second byte, bit 0: USB COM port */

/* DAP_UART_Transport modes; DAP_UART_Control bits; DAP_UART_Status bits */
#define DAP_UART_MODE_NONE 0
#define DAP_UART_MODE_USB 1
#define DAP_UART_MODE_DAP 2
#define DAP_UART_RX_ENABLE 0x01
#define DAP_UART_RX_DISABLE 0x02
#define DAP_UART_RX_FLUSH 0x04
#define DAP_UART_TX_ENABLE 0x10
#define DAP_UART_TX_DISABLE 0x20
#define DAP_UART_TX_FLUSH 0x40
#define DAP_UART_RX_ENABLED 0x01
#define DAP_UART_RX_LOST 0x02
#define DAP_UART_TX_ENABLED 0x10

#define DAP_OK 0x00
#define DAP_ERROR 0xff

#define DAP_PORT_SWD 1
#define DAP_PORT_JTAG 2

/* DAP_Transfer request bits */
#define DAP_REQ_APNDP 0x01
#define DAP_REQ_RNW 0x02
#define DAP_REQ_A32 0x0c
#define DAP_REQ_MATCH_VALUE 0x10
#define DAP_REQ_MATCH_MASK 0x20
#define DAP_REQ_TIMESTAMP 0x80

/* DAP_Transfer response bits */
#define DAP_ACK_OK 1
#define DAP_ACK_WAIT 2
#define DAP_ACK_FAULT 4
#define DAP_ACK_NONE 7
#define DAP_ACK_PROTOCOL 0x08
#define DAP_ACK_MISMATCH 0x10

/* DAP_SWJ_Pins bits */
#define DAP_PIN_SWCLK 0x01
#define DAP_PIN_SWDIO 0x02
#define DAP_PIN_NRESET 0x80

/* TCP framing: signature u32 LE, length u16 LE (packet bytes after the
 * header), type u8, reserved u8 = 0; then the packet. */
#define DAP_TCP_SIGNATURE 0x00504144u /* "DAP\0" */
#define DAP_TCP_HEADER_LEN 8
#define DAP_TCP_REQUEST 1
#define DAP_TCP_RESPONSE 2
#define DAP_TCP_PORT 4441
#define DAP_PACKET_MAX 1024 /* largest packet that either of ours uses */
#define DAP_PACKET_COUNT 8  /* packets in flight that ours answers in order */

#endif
