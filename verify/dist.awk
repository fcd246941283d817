# SPDX-License-Identifier: MIT
#
# dist.awk - turns Signet's headers and sources into parts of the two-file
# delivery (rule verify-dist in verify/module.mk).
#
#   -v part=types    headers without their prototypes (and the comments that
#                    belong to them), except those of the public interface
#   -v part=statics  only the prototypes, as static ones
#   -v part=code     sources
#
# Local includes go away in all parts.  A file's first line is its licence.

FNR == 1 { comment = ""; in_comment = in_prototype = 0; next }

/^#include "/ { next }

part == "code" { print; next }

function flush_comment()
{
	if (part == "types")
		printf "%s", comment
	comment = ""
}

in_prototype {
	if (part == "statics")
		print
	in_prototype = $0 !~ /;[ \t]*$/
	next
}

# a comment at the left edge may belong to a prototype: wait for what follows
in_comment || /^\/\*/ {
	comment = comment $0 "\n"
	in_comment = $0 !~ /\*\/[ \t]*$/
	next
}

/^[A-Za-z].*\(/ && !/^static / && !/signet_verify_/ {
	comment = ""
	if (part == "statics")
		print "SIGNET_INTERNAL " $0
	in_prototype = $0 !~ /;[ \t]*$/
	next
}

{ flush_comment() }

part == "types" { print }
