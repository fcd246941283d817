/* SPDX-License-Identifier: MIT */
/*
 * UART (NRM 29): any pin by PSEL; one byte on its way out, six kept on the
 * way in.  A byte written while one is being sent is lost: the register is
 * single (unverified), so that code which does not wait for TXDRDY fails.
 *
 * The pins must be set up in GPIO as the manual asks, TXD an output, RXD an
 * input with its buffer connected: whether silicon insists is unverified.
 * Parity bits are sent as time only.
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"
#include "vmcu/serial.h"

#define ENABLED 4u
#define EVENT_RXDRDY 2
#define EVENT_TXDRDY 7
#define EVENT_ERROR 9
#define EVENT_RXTO 17
#define ERROR_OVERRUN 1u
#define CONFIG_HWFC 1u
#define CONFIG_PARITY 0xeu
#define RXTO_CHARS 5 /* the receiver hears out so many after STOPRX */
enum { PSEL_RTS, PSEL_TXD, PSEL_CTS, PSEL_RXD };

static bool enabled(const struct n51 *n)
{
	return n->uart.enable == ENABLED;
}

/* BAUDRATE is the rate by 16 MHz as a fraction of 2^32. */
static uint64_t char_time(const struct n51 *n)
{
	unsigned bits = n->uart.config & CONFIG_PARITY ? 11 : 10;
	unsigned __int128 ps = (unsigned __int128)bits * PS_PER_S << 32;

	if (n->uart.baudrate == 0)
		return 0;
	return (uint64_t)(ps / ((unsigned __int128)n->uart.baudrate * N51_HZ));
}

/* -- sending --------------------------------------------------------------- */

static bool tx_wired(const struct n51 *n)
{
	return n51_gpio_out(n, n->uart.psel[PSEL_TXD]);
}

static void send(struct n51 *n, uint8_t byte)
{
	struct n51_uart *u = &n->uart;
	uint64_t t = char_time(n);

	if (!enabled(n) || !u->tx_on || u->tx_shifting || t == 0)
		return;
	u->shift = byte;
	u->tx_shifting = true;
	serial_send(n->m, SLOT_UART_TX, tx_wired(n), byte, t);
}

static void sent(struct n51 *n)
{
	struct n51_uart *u = &n->uart;

	serial_sent(n->m, tx_wired(n), u->shift);
	u->tx_shifting = false;
	n51_event(n, ID_UART, EVENT_TXDRDY);
}

/* -- receiving ------------------------------------------------------------- */

static bool listening(const struct n51 *n)
{
	const struct n51_uart *u = &n->uart;

	return enabled(n) && (u->rx_on || u->rx_stopping) &&
	       n51_gpio_in(n, u->psel[PSEL_RXD]) && char_time(n) != 0;
}

/* With flow control the other side waits while RTS is up. */
static bool held_back(const struct n51 *n)
{
	const struct n51_uart *u = &n->uart;

	return u->config & CONFIG_HWFC && u->psel[PSEL_RTS] < N51_PINS &&
	       u->fifo_len == N51_UART_FIFO;
}

static void begin_receive(struct n51 *n)
{
	if (listening(n) && !held_back(n))
		serial_listen(n->m, SLOT_UART_RX, char_time(n));
}

static void lose_unheard(struct n51 *n)
{
	if (!listening(n))
		serial_lose(n->m);
}

static void received(struct n51 *n)
{
	struct n51_uart *u = &n->uart;
	uint8_t byte;

	if (!listening(n) || !serial_heard(n->m, &byte))
		return;
	if (u->fifo_len == N51_UART_FIFO) {
		u->errorsrc |= ERROR_OVERRUN;
		n51_event(n, ID_UART, EVENT_ERROR);
	} else {
		u->fifo[u->fifo_len++] = byte;
		if (u->fifo_len == 1)
			n51_event(n, ID_UART, EVENT_RXDRDY);
	}
	begin_receive(n);
}

/* The next byte moves up as this one is read, and says so. */
uint32_t n51_uart_take(struct n51 *n)
{
	struct n51_uart *u = &n->uart;

	if (u->fifo_len == 0)
		return u->rxd;
	u->rxd = u->fifo[0];
	memmove(u->fifo, u->fifo + 1, --u->fifo_len);
	if (u->fifo_len > 0)
		n51_event(n, ID_UART, EVENT_RXDRDY);
	begin_receive(n);
	return u->rxd;
}

void n51_uart_kick(struct n51 *n)
{
	lose_unheard(n);
	begin_receive(n);
}

void n51_uart_event(struct n51 *n, unsigned slot)
{
	if (slot == SLOT_UART_TX) {
		sent(n);
	} else if (slot == SLOT_UART_RX) {
		received(n);
	} else if (n->uart.rx_stopping) {
		n->uart.rx_stopping = false;
		mcu_due(n->m, SLOT_UART_RX, PS_NEVER);
		lose_unheard(n);
		n51_event(n, ID_UART, EVENT_RXTO);
	}
}

/* -- registers ------------------------------------------------------------- */

static void stop_rx(struct n51 *n)
{
	if (!n->uart.rx_on)
		return;
	n->uart.rx_on = false;
	n->uart.rx_stopping = true;
	mcu_due(n->m, SLOT_UART_STOP, n->m->now + RXTO_CHARS * char_time(n));
}

void n51_uart_task(struct n51 *n, enum n51_id id, unsigned i)
{
	struct n51_uart *u = &n->uart;

	(void)id;
	if (!enabled(n))
		return;
	switch (i) {
	case 0:
		u->rx_on = true;
		u->rx_stopping = false;
		n51_uart_kick(n);
		break;
	case 1:
		stop_rx(n);
		break;
	case 2:
		u->tx_on = true;
		break;
	case 3: /* STOPTX: at once */
		u->tx_on = u->tx_shifting = false;
		mcu_due(n->m, SLOT_UART_TX, PS_NEVER);
		break;
	case 7: /* SUSPEND: both, the byte on its way is finished */
		u->tx_on = false;
		stop_rx(n);
		break;
	default:
		break;
	}
}

uint32_t n51_uart_read(struct n51 *n, enum n51_id id, uint32_t off)
{
	const struct n51_uart *u = &n->uart;

	(void)id;
	if (off >= 0x508 && off <= 0x514)
		return u->psel[(off - 0x508) / 4];
	switch (off) {
	case 0x480:
		return u->errorsrc;
	case 0x500:
		return u->enable;
	case 0x518:
		return n51_uart_take(n);
	case 0x524:
		return u->baudrate;
	case 0x56c:
		return u->config;
	default:
		return 0;
	}
}

static void enable(struct n51 *n, uint32_t v)
{
	struct n51_uart *u = &n->uart;

	u->enable = v & 7;
	if (enabled(n))
		return;
	u->tx_on = u->tx_shifting = u->rx_on = u->rx_stopping = false;
	u->fifo_len = 0;
	mcu_due(n->m, SLOT_UART_TX, PS_NEVER);
	mcu_due(n->m, SLOT_UART_RX, PS_NEVER);
	mcu_due(n->m, SLOT_UART_STOP, PS_NEVER);
	lose_unheard(n);
}

bool n51_uart_write(struct n51 *n, enum n51_id id, enum mcu_master by,
		    uint32_t off, uint32_t v)
{
	struct n51_uart *u = &n->uart;

	(void)id;
	(void)by;
	if (off >= 0x508 && off <= 0x514) {
		u->psel[(off - 0x508) / 4] = v;
		return true;
	}
	switch (off) {
	case 0x480:
		u->errorsrc &= ~v;
		break;
	case 0x500:
		enable(n, v);
		break;
	case 0x51c:
		send(n, (uint8_t)v);
		break;
	case 0x524:
		u->baudrate = v;
		break;
	case 0x56c:
		u->config = v & 0xf;
		break;
	default:
		break;
	}
	return true;
}

void n51_uart_reset(struct n51 *n)
{
	memset(&n->uart, 0, sizeof(n->uart));
	n->m->uart_in.len = 0;
	for (unsigned i = 0; i < 4; i++)
		n->uart.psel[i] = 0xffffffff;
	n->uart.baudrate = 0x04000000;
}
