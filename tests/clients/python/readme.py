"""README's table of clients and features."""

import re

BEGIN, END = "<!-- clients: made by tests/clients/run --update -->", "<!-- end of clients -->"


def table(results, headings):
    """The table of these results (title and marks by feature): a row for each client."""
    tried = [f for f in headings if any(f in marks for _, marks in results)]
    lines = ["| client | " + " | ".join(headings[f] for f in tried) + " |", "|---|" + ":-:|" * len(tried)]
    for title, marks in sorted(results, key=lambda r: r[0].lower()):
        lines.append(f"| {title} | " + " | ".join(marks.get(f, "").replace("!", "✗") for f in tried) + " |")
    return "\n".join(lines)


def cells(text):
    """A table's marks by client and heading. Which minor version a machine has of a client says nothing of Stoa and is left out."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.strip().splitlines()]
    heads = rows[0][1:] if rows else []
    named = [(re.sub(r"(\d)(\.\d+)+$", r"\1", row[0]), row[1:]) for row in rows[2:]]
    return {(name, head): mark for name, marks in named for head, mark in zip(heads, marks)}


def compare(path, made):
    """What README says otherwise than the table that was made: what is wrong with that, and what is only to be told."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    written, end, _ = rest.partition(END)
    if not begin or not end:
        return [f"README.md has no place for the table: {BEGIN} and {END}"], []
    wrong, told = [], []
    there, here = cells(written), cells(made)
    for client, feature in sorted(there.keys() | here.keys()):
        said, found = there.get((client, feature), ""), here.get((client, feature), "")
        if said == found:
            continue
        line = f"README says {said or 'nothing'} of {client}, {feature}, and this run {found or 'nothing'}"
        # A mark that is better than README's is no reason to fail: the next `--update` writes it.
        (told if said in ("✗", "≠") and found == "=" else wrong).append(line)
    return wrong, told


def write(path, made):
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    path.write_text(f"{before}{begin}\n{made}\n{end}{after}", encoding="utf-8")
