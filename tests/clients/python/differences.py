"""What clients get otherwise from Stoa than from PostgreSQL: what should differ (../differences) and the faults that are known (../faults)."""

import collections
import difflib
import fnmatch
import hashlib
import re


class Malformed(Exception):
    """A file that does not say what it should."""


def changed(theirs, ours):
    """The lines that differ: `- ` as PostgreSQL prints them, `+ ` as Stoa does. Long ones are cut, with a hash of the whole."""
    found = []
    for how, a, b, c, d in difflib.SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        if how != "equal":
            found += [f"- {line}" for line in theirs[a:b]] + [f"+ {line}" for line in ours[c:d]]
    return [cut(line).rstrip() for line in found]


def cut(line, most=240):
    if len(line) <= most:
        return line
    return f"{line[:most - 40]} [{len(line)} characters, {hashlib.sha256(line.encode()).hexdigest()[:12]}]"


def fits(pattern, line):
    """Whether a line is as a listed one says, in which `…` stands for anything."""
    return pattern == line or "…" in pattern and re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line) is not None


class Right:
    """The file of what differs and should: entries of a head `[client feature]` (globs), a reason, and lines that differ."""

    def __init__(self, path):
        self.path, self.entries = path, []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if head := re.fullmatch(r"\[(\S+) (\S+)\]", line):
                self.entries.append({"client": head[1], "feature": head[2], "reason": "", "lines": [], "used": set(), "at": number})
            elif line[:2] in ("- ", "+ ", "-", "+") and self.entries:
                self.entries[-1]["lines"].append(line.rstrip())
            elif line and not line.startswith("#"):
                if not self.entries or self.entries[-1]["lines"]:
                    raise Malformed(f"{path.name}:{number}: a reason stands between a head and its lines")
                self.entries[-1]["reason"] += line
        for entry in self.entries:
            if not entry["reason"] or not entry["lines"]:
                raise Malformed(f"{path.name}:{entry['at']}: an entry has a reason and lines")

    def allows(self, client, feature, line):
        found = False
        for entry in self.entries:
            if fnmatch.fnmatch(client, entry["client"]) and fnmatch.fnmatch(feature, entry["feature"]):
                for index, pattern in enumerate(entry["lines"]):
                    if fits(pattern, line):
                        entry["used"].add(index)
                        found = True
        return found

    def unused(self, names):
        for entry in self.entries:
            if any(fnmatch.fnmatch(name, entry["client"]) for name in names):
                for index, line in enumerate(entry["lines"]):
                    if index not in entry["used"]:
                        yield f"{self.path.name}:{entry['at']}: [{entry['client']} {entry['feature']}] nothing needs: {line}"


class Faults:
    """The known faults of one client, in `faults/CLIENT.diff`: sections of a head `[feature] reason` and the lines that differ."""

    HEAD = "# What {} gets otherwise from Stoa (+) than from PostgreSQL (-) and should not; see ../run. `…` stands for anything."

    def __init__(self, folder, client):
        self.path, self.client, self.sections = folder / f"{client}.diff", client, []
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        for number, line in enumerate(text.splitlines(), 1):
            if head := re.fullmatch(r"\[(\S+)\] (.+)", line):
                self.sections.append((head[1], head[2], []))
            elif line[:2] in ("- ", "+ ", "-", "+") and self.sections:
                self.sections[-1][2].append(line.rstrip())
            elif line and not line.startswith("# "):
                raise Malformed(f"faults/{self.path.name}:{number}: neither a head `[feature] reason` nor a line that differs")

    def features(self):
        return {feature for feature, _, _ in self.sections}

    def match(self, feature, lines):
        """Of the lines that differ those that no fault has, and the places of the faults that are there no more."""
        places = collections.defaultdict(list)
        for number, (of, _, section) in enumerate(self.sections):
            for index, line in enumerate(section if of == feature else ()):
                places[line].append((number, index))
        rest = [line for line in lines if not (places[line] and places[line].pop(0))]
        left, unknown = [(line, place) for line, there in places.items() for place in there], []
        for line in rest:
            found = next((fault for fault in left if fits(fault[0], line)), None)
            left.remove(found) if found else unknown.append(line)
        return unknown, [place for _, place in left]

    def take_off(self, places):
        """Removes the lines at these places."""
        for number, index in sorted(places, reverse=True):
            del self.sections[number][2][index]

    def accept(self, feature, lines, reason):
        """Adds lines, to a section of the same reason if there is one."""
        section = next((section for of, why, section in self.sections if (of, why) == (feature, reason)), None)
        if section is None:
            section = []
            self.sections.append((feature, reason, section))
        section += lines

    def write(self, order):
        """Writes the file, with features in this order; without faults there is none."""
        sections = sorted((s for s in self.sections if s[2]), key=lambda s: order.index(s[0]))
        if not sections:
            self.path.unlink(missing_ok=True)
            return
        parts = [self.HEAD.format(self.client)]
        parts += ["\n".join([f"[{feature}] {reason}", *lines]) for feature, reason, lines in sections]
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
