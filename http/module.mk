# SPDX-License-Identifier: MIT
# httpc is the client, httpd the server: programs link what they use.
# client: -lcurl -lssl -lcrypto -ljansson   server: -lmicrohttpd -lgnutls
MODULES += httpc
httpc_SRC := http/client.c http/client_tls.c

MODULES += httpd
httpd_SRC := http/server.c http/server_tls.c \
	http/server_cert.c http/exchange.c
