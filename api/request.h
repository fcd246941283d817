/* SPDX-License-Identifier: MIT */
/*
 * api/request.h - an operation's request as HTTP carries it, both ways.
 *
 * The fields of a request travel in three places: path parameters, the query
 * string (GET) and the JSON body (POST).  No field may come twice.
 */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "api/messages.h"

#define API_PARAM_CAP 128 /* value of a path or query parameter, with NUL */
#define API_PARAMS_MAX 16
#define API_TARGET_CAP 2048 /* path and query */

struct api_param {
	char name[NAME_CAP];
	char value[API_PARAM_CAP];
};

struct api_params {
	struct api_param items[API_PARAMS_MAX];
	size_t count;
};

/* E_SPACE when full or too long. */
MUST_USE int api_params_add(struct api_params *p, const char *name,
			    const char *value);

/* True if path fits the pattern "/v1/grants/{grant}/deliver"; then its
 * parameters are appended to p. */
bool api_path_match(const char *pattern, const char *path,
		    struct api_params *p);

/* Parameters and body (NULL when the method has none) to a zeroed request
 * struct; why[] names the field that is wrong. */
MUST_USE int api_request_decode(const struct api_route *route,
				const struct api_params *p, const char *body,
				size_t len, void *out, char why[SHAPE_WHY_CAP]);

/* The reverse: target is path and query; *out_body is malloc'ed JSON, or NULL
 * for GET.  E_ARG when the request breaks its shape. */
MUST_USE int api_request_encode(const struct api_route *route, const void *in,
				char target[API_TARGET_CAP], char **out_body,
				size_t *out_len);

/* Longest JSON body that a valid request can need. */
size_t api_request_body_max(const struct api_route *route);

#endif
