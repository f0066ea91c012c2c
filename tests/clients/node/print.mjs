// What the clients on Node share: features, answers and errors in the form that `run` reads.
import { readFileSync } from "node:fs";

export function version(name) {
    return JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url))).version;
}

export function fail(e) {
    const at = e.position ? ` at ${e.position}` : "";
    // What the driver says itself has no SQLSTATE.
    console.log(`! ${e.code ?? e.name} ${e.message}${at}`);
}

/** The answer is an error, or else what the work printed. */
export async function attempt(work) {
    try {
        await work();
    } catch (e) {
        fail(e);
    }
}

export async function feature(name, work) {
    console.log(`# ${name}`);
    await attempt(work);
}

function plain(key, value) {
    // Dates are turned to text before the replacer sees them.
    const own = this[key];
    if (own instanceof Date) return `Date(${Number.isNaN(own.getTime()) ? "invalid" : own.toISOString()})`;
    if (Buffer.isBuffer(own)) return `\\x${own.toString("hex")}`;
    if (typeof own === "number" && !Number.isFinite(own)) return String(own);
    if (typeof own === "number" && Object.is(own, -0)) return "-0";
    if (typeof own === "bigint") return `${own}n`;
    if (own === undefined) return "undefined";
    return value;
}

/** One line for each row. */
export function show(rows) {
    for (const row of rows) console.log(JSON.stringify(row, plain));
    console.log(`(${rows.length})`);
}

export async function collect(stream, encoding = "utf8") {
    const parts = [];
    for await (const part of stream) parts.push(Buffer.from(part));
    return Buffer.concat(parts).toString(encoding);
}

/** Sockets that a cancelled query leaves behind must not keep the process. */
export function finish() {
    process.exitCode = 0;
    setTimeout(() => process.exit(0), 50);
}
