/* SPDX-License-Identifier: MIT */
/* loader/layout.h - the loader's place and what lies around it: it is written
 * down in wire/layout.h, because the owner's tools need it as well. */
#ifndef LOADER_LAYOUT_H
#define LOADER_LAYOUT_H

#include "wire/layout.h"

#endif
