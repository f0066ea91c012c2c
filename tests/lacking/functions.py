#!/usr/bin/env python3
"""Which of PostgreSQL's functions an analytic query may call that Stoa lacks.

    tests/lacking/functions.py "host=127.0.0.1 port=5548 dbname=postgres" "host=127.0.0.1 port=5432 dbname=city"

Asks the first server's pg_proc and calls each function of the second with NULLs of its argument types. Left out are functions of types that
Stoa has not (ranges, XML, network addresses, shapes of PostgreSQL's own, text search), input and output functions, those that stand behind
operators and aggregates, and administration.
"""
import collections
import re
import subprocess
import sys

# What no query names: support functions, and functions behind operators.
INTERNAL = re.compile(
    r"^(pg_|_pg|bt|hash|gin_|gist_|brin_|spg_|lo_|lo(creat|unlink|import|export|read|write)|binary_upgrade|ri_|fmgr|amvalidate|event_trigger|trigger|"
    r"suppress|unique_key|satisfies_hash|plpgsql_|postgresql_fdw|array(cont|over)|(n)?like(_escape)?$|i?c(n)?(like|regex)|text(any|eq|ne|lt|le|gt|ge|len|cat)|"
    r"(bool|byteani?|bpchar|name|oid|int[248]+|float[48]+|numeric|text|date|time|timetz|timestamp|timestamptz|interval|uuid)_|"
    r"(int[248]|float[48]|oid|name|char|bpchar|bool|bytea|d)(\d|eq|ne|lt|le|gt|ge|pl|mi|mul|div|abs|um|up|and|or|xor|not|shl|shr|mod|like|nlike|cat|rem|inc|"
    r"larger|smaller|sqrt|cbrt|exp|log|pow|round|trunc)|"
    r".*(in|out|recv|send|sel|joinsel|typmodin|typmodout|_transfn|_accum|_serialize|_deserialize|_combine|_final(fn)?|_inv|_support|_handler|_ops|"
    r"_larger|_smaller|_cmp|_opr|_hash|_hash_extended|_subdiff|(array|jsonb|enum|record|record_image|oidvector|tid|cid|bpchar|name|text)_?(eq|ne|lt|le|gt|ge|cmp)|"
    r"(bpchar|name|text)i?c?n?(like|regex)\w*|\w*(next|curr|last|set)val|enum_\w+|ts_\w+|xml_\w+|in_range|\w*_pl|\w*pl_date|int8dec\w*|int2int4_sum|mul_d_interval|"
    r"anytextcat|nameconcatoid|oidvectortypes)$)"
)
FOREIGN = re.compile(
    r"internal|cstring|trigger|handler|money|circle|polygon|\bpath\b|\bbox\b|lseg|\bline\b|\bpoint\b|tsvector|tsquery|cidr|inet|macaddr|xid|pg_lsn|"
    r"pg_snapshot|xml|range|\bbit\b|varying|tid\b|aclitem|refcursor|regconfig|regdictionary"
)
STANDING = {"anyelement": "int", "anyarray": "int[]", "anycompatible": "int", "anycompatiblearray": "int[]", '"any"': "text", "anynonarray": "int", "anyenum": "int"}


def psql(server, sql):
    return subprocess.run(["psql", "-XqAt", "-F", "|", "-d", server, "-c", sql], capture_output=True, text=True, timeout=60)


def null(argument):
    return f"null::{STANDING.get(argument, argument)}"


def main(postgres, stoa):
    listed = psql(
        postgres,
        "select proname, array_to_string(proargtypes::regtype[], ', '), prokind, prorettype::regtype from pg_proc "
        "where pronamespace = 'pg_catalog'::regnamespace and prokind in ('f', 'w') order by 1, 2",
    )
    forms = collections.defaultdict(list)
    for line in listed.stdout.splitlines():
        name, arguments, kind, gives = line.split("|")
        if not INTERNAL.match(name) and not FOREIGN.search(f"{arguments} {gives}"):
            forms[name].append((arguments, kind))
    lacking = []
    for name, all_of_it in forms.items():
        for arguments, kind in all_of_it:
            nulls = ", ".join(null(a) for a in arguments.split(", ") if a)
            answer = psql(stoa, f'select "{name}"({nulls})' + (" over ()" if kind == "w" else ""))
            if not re.search(r"does not exist|not supported", answer.stderr):
                break
        else:
            lacking.append(f"{name}({all_of_it[0][0]})")
    print(f"{len(forms)} names, {len(lacking)} lack")
    print("\n".join(lacking))


if __name__ == "__main__":
    main(*sys.argv[1:])
