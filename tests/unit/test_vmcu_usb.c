/* SPDX-License-Identifier: MIT */
/*
 * The virtual probe as a USB device.  The other side is usbredir's own parser
 * in the part of a guest.
 */
#include "tests/lib/usb_guest.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPORT 64

/* A command over v2: out, then in. */
static void ask(struct usb_guest *f, const uint8_t *p, size_t len)
{
	usb_guest_put(f, 10, p, len);
	assert_int_equal(f->out.id, 10);
	assert_int_equal(f->out.status, usb_redir_success);
	usb_guest_get(f, 11, USB_V2_PACKET);
	assert_int_equal(f->bulk.id, 11);
	assert_int_equal(f->bulk.status, usb_redir_success);
}

/* -- tests ---------------------------------------------------------------- */

static void test_connect(void **state)
{
	struct usb_guest *f = *state;

	assert_int_equal(f->hellos, 1);
	assert_int_equal(f->connects, 1);
	assert_int_equal(f->device.speed, usb_redir_speed_high);
	assert_int_equal(f->device.vendor_id, USB_VENDOR);
	assert_int_equal(f->device.product_id, USB_PRODUCT);
	assert_int_equal(f->ep.type[0x01], usb_redir_type_bulk);
	assert_int_equal(f->ep.type[0x11], usb_redir_type_bulk);
	assert_int_equal(f->ep.max_packet_size[0x11], 512);
	assert_int_equal(f->ep.type[0x02], usb_redir_type_interrupt);
	assert_int_equal(f->ep.type[0x12], usb_redir_type_interrupt);
	assert_int_equal(f->ep.max_packet_size[0x12], 64);
	assert_int_equal(f->ep.type[0x03], usb_redir_type_invalid);
}

/* Walks a configuration as Linux does: lengths add up, and the endpoints are
 * where they were announced. */
static void test_descriptors(void **state)
{
	struct usb_guest *f = *state;
	unsigned at = 0, interfaces = 0, endpoints = 0, report = 0;
	const uint8_t *d = f->control.data;

	usb_guest_control(f, 0x80, 6, 0x0100, 0, 64);
	assert_int_equal(f->control.len, 18);
	assert_int_equal(d[0], 18);
	assert_int_equal(d[8] | d[9] << 8, USB_VENDOR);
	usb_guest_control(f, 0x80, 6, 0x0100, 0, 8); /* as hosts begin */
	assert_int_equal(f->control.len, 8);

	usb_guest_control(f, 0x80, 6, 0x0200, 0, 255);
	assert_int_equal(d[2] | d[3] << 8, f->control.len);
	while (at < (unsigned)f->control.len) {
		assert_true(d[at] >= 2);
		interfaces += d[at + 1] == 4;
		endpoints += d[at + 1] == 5;
		if (d[at + 1] == 0x21)
			report = d[at + 7];
		at += d[at];
	}
	assert_int_equal(at, f->control.len);
	assert_int_equal(interfaces, 2);
	assert_int_equal(endpoints, 4);
	usb_guest_control(f, 0x81, 6, 0x2200, 1, 255);
	assert_int_equal(f->control.status, usb_redir_success);
	assert_int_equal(f->control.len, report);
	assert_int_equal(d[report - 1], 0xc0); /* end collection */
}

static bool text_has(const struct usb_answer *a, const char *want)
{
	char s[128] = "";
	size_t n = 0;

	for (int i = 2; i + 1 < a->len && n < sizeof(s) - 1; i += 2)
		s[n++] = (char)a->data[i];
	return a->data[0] == a->len && a->data[1] == 3 &&
	       strstr(s, want) != NULL;
}

static void test_strings(void **state)
{
	struct usb_guest *f = *state;
	static const char *const want[] = { NULL,	    "Signet",
					    "CMSIS-DAP",    USB_GUEST_SERIAL,
					    "CMSIS-DAP v2", "CMSIS-DAP v1" };

	for (uint16_t i = 1; i < 6; i++) {
		usb_guest_control(f, 0x80, 6, 0x0300 | i, 0x0409, 255);
		assert_true(text_has(&f->control, want[i]));
	}
	usb_guest_control(f, 0x80, 6, 0x0306, 0x0409, 255);
	assert_int_equal(f->control.status, usb_redir_stall);
	ask(f, BYTES(DAP_INFO, DAP_INFO_SERIAL));
	assert_string_equal((char *)f->bulk.data + 2, USB_GUEST_SERIAL);
}

static void test_microsoft(void **state)
{
	struct usb_guest *f = *state;
	const uint8_t *d = f->control.data;
	uint8_t code;
	int total;

	usb_guest_control(f, 0x80, 6, 0x0f00, 0, 255);
	assert_int_equal(f->control.len, 33);
	total = d[29] | d[30] << 8;
	code = d[31];
	usb_guest_control(f, 0xc0, code, 0, 7, 4096);
	assert_int_equal(f->control.len, total);
	assert_int_equal(d[8] | d[9] << 8, total);
	assert_memory_equal(d + 30, "WINUSB\0", 8);
	usb_guest_control(f, 0xc0, code, 0, 4, 4096); /* the older kind */
	assert_int_equal(f->control.status, usb_redir_stall);
}

static void test_requests(void **state)
{
	struct usb_guest *f = *state;
	struct usb_redir_set_configuration_header c = { 1 };
	struct usb_redir_set_alt_setting_header a = { .interface = 1 };

	usb_guest_control(f, 0x21, 0x0a, 0, 1, 0); /* SET_IDLE */
	assert_int_equal(f->control.status, usb_redir_success);
	usb_guest_control(f, 0x21, 0x09, 0x200, 1, 0); /* SET_REPORT */
	assert_int_equal(f->control.status, usb_redir_stall);
	usb_guest_control(f, 0x80, 6, 0x0600, 0, 10); /* device qualifier */
	assert_int_equal(f->control.status, usb_redir_stall);
	usbredirparser_send_set_configuration(f->guest, 1, &c);
	usb_guest_exchange(f);
	assert_int_equal(f->other.status, usb_redir_success);
	assert_int_equal(f->other.len, 1);
	c.configuration = 2;
	usbredirparser_send_set_configuration(f->guest, 2, &c);
	usb_guest_exchange(f);
	assert_int_equal(f->other.status, usb_redir_inval);
	usbredirparser_send_set_alt_setting(f->guest, 3, &a);
	usb_guest_exchange(f);
	assert_int_equal(f->other.status, usb_redir_success);
	a.alt = 1;
	usbredirparser_send_set_alt_setting(f->guest, 4, &a);
	usb_guest_exchange(f);
	assert_int_equal(f->other.status, usb_redir_inval);
	assert_int_equal(f->statuses, 4);
}

static void test_v2(void **state)
{
	struct usb_guest *f = *state;
	const uint8_t *d = f->bulk.data;

	ask(f, BYTES(DAP_INFO, DAP_INFO_PACKET_SIZE));
	assert_int_equal(d[2] | d[3] << 8, USB_V2_PACKET);
	ask(f, BYTES(DAP_CONNECT, 1));
	assert_int_equal(d[1], 1);
	ask(f, BYTES(DAP_SWJ_SEQUENCE, 56, 255, 255, 255, 255, 255, 255, 255));
	ask(f, BYTES(DAP_SWJ_SEQUENCE, 16, 0x9e, 0xe7));
	ask(f,
	    BYTES(DAP_SWJ_SEQUENCE, 64, 255, 255, 255, 255, 255, 255, 255, 0));
	ask(f, BYTES(DAP_TRANSFER, 0, 1, 0x02));
	assert_memory_equal(d, "\x05\x01\x01\x77\x14\xa0\x2b", 7);
	ask(f, BYTES(0x55)); /* no such command */
	assert_int_equal(f->bulk.len, 1);
	assert_int_equal(d[0], DAP_INVALID);
}

/* A transfer that waits, one that is called back, one that is too small. */
static void test_v2_waiting(void **state)
{
	struct usb_guest *f = *state;

	usb_guest_get(f, 20, 512);
	assert_int_equal(f->bulks, 0);
	usbredirparser_send_cancel_data_packet(f->guest, 20);
	usb_guest_exchange(f);
	assert_int_equal(f->bulk.id, 20);
	assert_int_equal(f->bulk.status, usb_redir_cancelled);
	usbredirparser_send_cancel_data_packet(f->guest, 20);
	usb_guest_exchange(f);
	assert_int_equal(f->bulks, 1);

	usb_guest_get(f, 21, 512);
	usb_guest_put(f, 22, BYTES(DAP_INFO, DAP_INFO_PACKET_COUNT));
	assert_int_equal(f->bulks, 3);
	usb_guest_put(f, 23, BYTES(DAP_INFO, DAP_INFO_PRODUCT));
	usb_guest_get(f, 24, 4);
	assert_int_equal(f->bulk.id, 24);
	assert_int_equal(f->bulk.status, usb_redir_babble);
}

/* More than a packet, nothing, wrong endpoints. */
static void test_v2_bad(void **state)
{
	static const uint8_t big[1500] = { DAP_INFO };
	struct usb_guest *f = *state;
	struct usb_redir_bulk_packet_header h = { .endpoint = 0x03,
						  .length = 2 };
	struct usb_redir_start_iso_stream_header iso = { 0x83, 1, 1 };

	ask(f, big, 513);
	assert_int_equal(f->bulk.data[0], DAP_INVALID);
	ask(f, big, sizeof(big));
	assert_int_equal(f->bulk.data[0], DAP_INVALID);
	usb_guest_put(f, 30, NULL, 0);
	assert_int_equal(f->out.id, 30);
	usb_guest_get(f, 31, 512);
	assert_int_equal(f->bulk.id, 11); /* nothing to fetch */
	usbredirparser_send_cancel_data_packet(f->guest, 31);
	usbredirparser_send_bulk_packet(f->guest, 32, &h, (uint8_t[]){ 0, 1 },
					2);
	usb_guest_exchange(f);
	assert_int_equal(f->out.id, 32);
	assert_int_equal(f->out.status, usb_redir_inval);
	usbredirparser_send_start_iso_stream(f->guest, 33, &iso);
	usb_guest_exchange(f);
	assert_int_equal(f->other.status, usb_redir_inval);
	/* no answer of v2 may be longer than its packet */
	ask(f, BYTES(DAP_CONNECT, 1));
	ask(f, BYTES(DAP_TRANSFER_BLOCK, 0, 128, 0, 0x02));
	assert_int_equal(f->bulk.data[0], DAP_INVALID);
}

/* Whoever does not fetch answers is not served for ever. */
static void test_v2_unfetched(void **state)
{
	struct usb_guest *f = *state;
	unsigned refused = 0, done = 0;
	uint64_t packets = f->dap.probe.packets;

	for (uint64_t i = 0; i < 100; i++) {
		unsigned before = f->bulks;

		usb_guest_put(f, 100 + i,
			      BYTES(DAP_INFO, DAP_INFO_PACKET_COUNT));
		if (f->bulks == before)
			continue; /* it waits */
		if (f->out.status == usb_redir_success)
			done++;
		else
			refused++;
	}
	assert_true(done >= DAP_PACKET_COUNT);
	assert_true(done + refused + USBREDIR_PENDING == 100);
	assert_int_equal(f->dap.probe.packets - packets, done);
	for (unsigned i = 0; i < done + USBREDIR_PENDING; i++) {
		usb_guest_get(f, 300 + i, 512);
		assert_int_equal(f->bulk.id, 300 + i);
		assert_int_equal(f->bulk.len, 3);
	}
	assert_int_equal(f->dap.probe.packets - packets,
			 done + USBREDIR_PENDING);
}

static void test_v2_queue(void **state)
{
	struct usb_guest *f = *state;
	unsigned before;

	usb_guest_put(f, 40, BYTES(DAP_QUEUE_COMMANDS, 1, DAP_INFO, 0xfe));
	usb_guest_get(f, 41, 512);
	before = f->bulks;
	usb_guest_put(f, 42, BYTES(DAP_INFO, DAP_INFO_PACKET_COUNT));
	assert_int_equal(f->bulks, before + 2);
	usb_guest_get(f, 43, 512);
	assert_int_equal(f->bulk.id, 43);
	assert_int_equal(f->bulk.len, 3);
}

static void test_v1(void **state)
{
	struct usb_guest *f = *state;
	uint8_t request[REPORT] = { DAP_INFO, DAP_INFO_PACKET_SIZE };

	usb_guest_put_report(f, request, sizeof(request));
	assert_int_equal(f->out.status, usb_redir_success);
	assert_int_equal(f->reports, 0); /* nobody fetches */
	usb_guest_poll(f, 0x81);
	assert_int_equal(f->other.status, usb_redir_inval);
	usb_guest_poll(f, USB_EP_V1_IN);
	assert_int_equal(f->other.status, usb_redir_success);
	assert_int_equal(f->reports, 1);
	assert_int_equal(f->report.len, REPORT);
	assert_memory_equal(f->report.data, "\x00\x02\x40\x00\x00", 5);
	request[1] = DAP_INFO_SERIAL;
	usb_guest_put_report(f, request, sizeof(request));
	assert_string_equal((char *)f->report.data + 2, USB_GUEST_SERIAL);
	usb_guest_put_report(f, (uint8_t[REPORT + 1]){ 0 }, REPORT + 1);
	assert_int_equal(f->reports, 3);
	assert_int_equal(f->report.data[0], DAP_INVALID);
	assert_int_equal(f->report.len, REPORT);
}

/* One probe, three ways to it. */
static void test_one_user(void **state)
{
	struct usb_guest *f = *state;

	f->dap.probe.user = DPROBE_TCP;
	ask(f, BYTES(DAP_CONNECT, 1));
	assert_int_equal(f->bulk.data[0], DAP_INVALID);
	ask(f, BYTES(DAP_INFO, DAP_INFO_PACKET_COUNT));
	assert_int_equal(f->bulk.data[0], DAP_INFO);
	f->dap.probe.user = DPROBE_FREE;
	ask(f, BYTES(DAP_CONNECT, 1));
	assert_int_equal(f->dap.probe.user, DPROBE_USB_V2);
	/* v1 may ask, and no more, until v2 lets go */
	usb_guest_poll(f, USB_EP_V1_IN);
	usb_guest_put_report(f, BYTES(DAP_CONNECT, 1));
	assert_int_equal(f->report.data[0], DAP_INVALID);
	usb_guest_put_report(f, BYTES(DAP_DISCONNECT));
	assert_int_equal(f->report.data[0], DAP_INVALID);
	usb_guest_put_report(f, BYTES(DAP_INFO, DAP_INFO_PACKET_COUNT));
	assert_int_equal(f->report.data[0], DAP_INFO);
	assert_int_equal(f->dap.probe.user, DPROBE_USB_V2);
	ask(f, BYTES(DAP_DISCONNECT));
	assert_int_equal(f->dap.probe.user, DPROBE_FREE);
	usb_guest_put_report(f, BYTES(DAP_CONNECT, 1));
	assert_int_equal(f->dap.probe.user, DPROBE_USB_V1);
	ask(f, BYTES(DAP_SWJ_CLOCK, 0x40, 0x42, 0x0f, 0));
	assert_int_equal(f->bulk.data[0], DAP_INVALID);
}

static void test_unplug(void **state)
{
	struct usb_guest *f = *state;

	ask(f, BYTES(DAP_CONNECT, 1));
	usb_guest_get(f, 50, 512);
	usbredir_plug(&f->u, false);
	assert_int_equal(f->dap.probe.user, DPROBE_FREE);
	usbredir_plug(&f->u, true); /* too soon: the other side has not seen */
	assert_true(!f->u.connected);
	usb_guest_exchange(f); /* the guest's parser acknowledges */
	assert_int_equal(f->disconnects, 1);
	assert_int_equal(f->connects, 2);
	assert_true(f->u.connected);
	ask(f, BYTES(DAP_INFO, DAP_INFO_PACKET_COUNT));
	assert_int_equal(f->bulk.len, 3);
}

static void test_reset(void **state)
{
	struct usb_guest *f = *state;

	ask(f, BYTES(DAP_CONNECT, 1));
	usb_guest_put(f, 60, BYTES(DAP_INFO, DAP_INFO_PACKET_COUNT));
	usbredirparser_send_reset(f->guest);
	usb_guest_exchange(f);
	assert_int_equal(f->dap.probe.user, DPROBE_FREE);
	usb_guest_get(f, 61, 512);
	assert_int_equal(f->bulk.id, 11); /* the old answer is gone */
}

/* -- bad bytes, with a socket --------------------------------------------- */

static int dial(struct usbredir *u)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(u->name, ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void turn(struct usbredir *u)
{
	for (unsigned i = 0; i < 4; i++) {
		struct pollfd fds[USBREDIR_FDS];

		usbredir_poll(u, fds);
		if (poll(fds, USBREDIR_FDS, 50) > 0)
			usbredir_ready(u, fds);
	}
}

static void test_bad_clients(void **state)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\nHost: signet.example\r\n\r\n",
		"\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377"
		"\377\377\377\377\377\377\377\377\377",
	};
	struct usb_guest *f = *state;
	struct usbredir u;
	char why[NET_WHY_CAP], byte;
	int fd, second;

	assert_int_equal(usbredir_init(&u, &f->dap.probe, "127.0.0.1:0", why),
			 0);
	for (unsigned i = 0; i < 2; i++) {
		fd = dial(&u);
		turn(&u);
		assert_true(u.fd >= 0);
		assert_true(write(fd, bad[i], strlen(bad[i])) > 0);
		turn(&u);
		assert_true(u.fd < 0);
		close(fd);
	}
	fd = dial(&u); /* gone in the middle of its hello */
	assert_int_equal(write(fd, "\0\0\0\0\x44", 5), 5);
	turn(&u);
	second = dial(&u); /* one at a time */
	turn(&u);
	assert_int_equal(recv(second, &byte, 1, 0), 0);
	close(second);
	assert_true(u.fd >= 0);
	close(fd);
	turn(&u);
	assert_true(u.fd < 0);
	fd = dial(&u); /* and the next one is served */
	turn(&u);
	assert_true(u.fd >= 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	close(fd);
	usbredir_close(&u);
}

/* While USB has the probe, a TCP client is told so and closed. */
static void test_tcp_refused(void **state)
{
	struct usb_guest *f = *state;
	struct dap_server *d = &f->dap;
	char why[NET_WHY_CAP];
	uint8_t told[9];
	struct pollfd fds[DAP_SERVER_FDS];
	struct usbredir name = { 0 }; /* dial() wants one */
	int fd;

	assert_int_equal(
		net_listen_tcp("127.0.0.1:0", &d->listen_fd, d->name, why), 0);
	memcpy(name.name, d->name, sizeof(name.name));
	for (unsigned i = 0; i < 2; i++) {
		if (i == 0)
			ask(f, BYTES(DAP_CONNECT, 1));
		else
			ask(f, BYTES(DAP_DISCONNECT));
		fd = dial(&name);
		dap_server_poll(d, fds);
		assert_int_equal(poll(fds, DAP_SERVER_FDS, 1000), 1);
		dap_server_ready(d, fds);
		if (i == 0) {
			assert_int_equal(recv(fd, told, 9, MSG_WAITALL), 9);
			assert_int_equal(told[8], DAP_INVALID);
			assert_true(d->fd < 0);
		} else {
			assert_true(d->fd >= 0);
			assert_int_equal(f->dap.probe.user, DPROBE_TCP);
		}
		close(fd);
	}
}

#define TEST(t) \
	cmocka_unit_test_setup_teardown(t, usb_guest_begin, usb_guest_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connect),	 TEST(test_descriptors),
		TEST(test_strings),	 TEST(test_microsoft),
		TEST(test_requests),	 TEST(test_v2),
		TEST(test_v2_waiting),	 TEST(test_v2_bad),
		TEST(test_v2_unfetched), TEST(test_v2_queue),
		TEST(test_v1),		 TEST(test_one_user),
		TEST(test_unplug),	 TEST(test_reset),
		TEST(test_bad_clients),	 TEST(test_tcp_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
