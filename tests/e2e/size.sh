#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The verification library keeps its limits of size and time on every core,
# and docs/integrator.md tells the numbers that are measured.
set -euo pipefail
B=${B:-build/host}
make -s check-size

# docs: | core | `_i15` small | 7,470 | 10,174 | 2.27 at 48 MHz | 5,568 |
python3 - <<'PY'
import json, re, sys
rows = {}
for line in open("docs/integrator.md"):
    m = re.match(r"\| Cortex-M(\d) \| `_(\w+)` \w+ \| ([\d,]+) \| ([\d,]+) \| "
                 r"([\d.]+) at (\d+) MHz \| ([\d,]+) \|", line)
    if m:
        n = lambda s: int(s.replace(",", ""))
        rows["cm%s-%s" % (m[1], m[2])] = (n(m[3]), n(m[4]), float(m[5]),
                                          int(m[6]), n(m[7]))
bad = 0
for b in json.load(open("build/bench/footprint.json")):
    doc = rows.pop(b["build"], None)
    t = b["text_bytes"]
    got = (t["verify_and_crypto"], t["delivered"],
           b["check_credential"]["seconds"], b["mhz"],
           b["check_firmware_16k"]["stack_bytes"])
    # a compiler's update moves bytes a little; a page that is off by 3 % lies
    if not doc or any(abs(d - g) > 0.03 * g for d, g in zip(doc, got)):
        print("docs/integrator.md, %s: says %s, measured %s"
              % (b["build"], doc, got))
        bad = 1
if rows:
    print("docs/integrator.md: nobody measures", sorted(rows))
    bad = 1
sys.exit(bad)
PY
