// postgres.js: pipelines what is asked at one time, and takes parameters' types from the server's answer.
import postgres from "postgres";
import { attempt, feature, finish, show, collect, version } from "./node/print.mjs";

console.log(`## postgres.js ${version("postgres")}`);

async function connected(work, options = {}) {
    const sql = postgres({ max: 1, onnotice: (n) => console.log(n.severity, n.code, n.message), ...options });
    try {
        await work(sql);
    } finally {
        await sql.end({ timeout: 1 });
    }
}

await feature("connect", async () => {
    await connected(async (sql) => {
        show(await sql`select current_database() = ${process.env.PGDATABASE} as db, current_user as who`);
        const { server_version, session_authorization, ...told } = sql.parameters;
        for (const name of Object.keys(told).sort()) console.log(name, told[name]);
    }, { connection: { application_name: "postgres.js", statement_timeout: 4000 } });
    await attempt(() => connected((sql) => sql`select 1`, { database: "nowhere" }));
});

await feature("settings", () => connected(async (sql) => show(await sql`select name, setting from pg_settings where name in ('application_name', 'statement_timeout', 'search_path', 'TimeZone', 'server_encoding') order by name collate "C"`), { connection: { search_path: "kinds", timezone: "Asia/Tokyo" } }));

await feature("types-text", () =>
    connected(async (sql) => {
        show(await sql`select * from kinds.scalars order by id`);
        show(await sql`select * from kinds.nested order by id`);
        show(await sql`select * from names.odd order by id`);
        const rows = await sql`select id, exact, words, ints from kinds.scalars join kinds.nested using (id)`.catch((e) => console.log("!", e.code, e.message));
        if (rows) show(rows);
        const { columns, statement } = await sql`select id, exact, place, at_zone from kinds.scalars s join kinds.nested n using (id) limit 0`.catch((e) => (console.log("!", e.code, e.message), {}));
        console.log(JSON.stringify(columns?.map((c) => [c.name, c.type, c.number])));
        show((await sql`select id, words from kinds.scalars order by id limit 2`.raw()).map((r) => r.map(String)));
        show(await sql`select id, words from kinds.scalars order by id limit 2`.values());
    }));

await feature("parameters", () =>
    connected(async (sql) => {
        const ids = [1, 3];
        for (const ask of [
            () => sql`select id from kinds.scalars where id = ${1}`,
            () => sql`select id from kinds.scalars where id in ${sql(ids)} order by id`,
            () => sql`select id from kinds.scalars where id = any(${ids}) order by id`,
            () => sql`select id from kinds.scalars where words = any(${["plain", ""]}) order by id`,
            () => sql`select id from kinds.scalars where at_zone > ${new Date(1709251199000)} order by id`,
            () => sql`select id from kinds.scalars where day = ${"2024-02-29"}`,
            () => sql`select id from kinds.scalars where exact > ${1.5} order by id`,
            () => sql`select id from kinds.scalars where large = ${"9223372036854775807"}`,
            () => sql`select id from kinds.scalars where flag = ${true} order by id`,
            () => sql`select id from kinds.scalars where key = ${"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}`,
            () => sql`select id from kinds.scalars where bytes = ${Buffer.from("plain")}`,
            () => sql`select id from kinds.scalars where double < ${0.5} and medium between ${-1} and ${10} order by id`,
            () => sql`select ${"x"}::text as a, ${5}::int as b, ${null}::text as c, ${sql.json({ a: 1 })}::jsonb as d, ${[1, 2]}::int[] as e, ${["a", null]}::text[] as f, ${new Date(0)}::timestamptz as g`,
            () => sql`select ${sql(["id", "Mixed Case"])} from ${sql("names.odd")} order by id`,
            () => sql`select ${sql(["id", "select", "数量"])} from names.odd where ${sql("select")} = ${1}`,
            () => sql`select count(*) from city.metro_trips ${true ? sql`where ticket = ${"child"}` : sql``} limit ${1} offset ${0}`,
            () => sql`select substring(name from ${1} for ${3}) as a from city.metro_stations order by station_id limit 1`,
            () => sql`select id from kinds.scalars where id = ${"x"}`,
            () => sql`select * from (values (${1}::int, ${"a"}), (${2}, ${"b"})) as t (n, c)`,
            () => sql`select date_trunc(${"month"}, entered_at) as m, count(*) from city.metro_trips group by 1 order by 1`,
            () => sql`select ${1} + id as a from kinds.scalars where id < ${3} order by 1`,
        ]) {
            await attempt(async () => show(await ask()));
        }
    }));

await feature("prepared", () =>
    connected(async (sql) => {
        const described = await sql`select id, words from kinds.scalars where id = ${1} and day < ${new Date()}`.describe();
        console.log(JSON.stringify([described.types, described.columns.map((c) => [c.name, c.type])]));
        for (const id of [1, 2, 3]) show(await sql`select words from kinds.scalars where id = ${id}`);
        show(await sql.unsafe("select words from kinds.scalars where id = $1", [2], { prepare: true }));
        show(await sql.unsafe("select words from kinds.scalars where id = $1", [2]));
    }));

await feature("pipeline", () =>
    connected(async (sql) => {
        const asked = Array.from({ length: 50 }, (_, i) => sql`select ${i}::int as i, count(*)::int as n from city.metro_trips where minutes = ${i}`);
        asked.push(sql`select nope`, sql`select 1 / ${0}::int as a`, sql`select 'last' as a`);
        for (const a of await Promise.allSettled(asked)) console.log(a.status === "fulfilled" ? JSON.stringify(a.value) : `! ${a.reason.code} ${a.reason.message}`);
    }));

await feature("cursor", () =>
    connected(async (sql) => {
        let [rows, batches] = [0, 0];
        for await (const batch of sql`select trip_id from city.metro_trips order by trip_id`.cursor(700)) {
            rows += batch.length;
            batches++;
        }
        console.log(rows, batches);
        await sql`select trip_id from city.metro_trips order by trip_id`.cursor(10, (batch) => {
            console.log(JSON.stringify(batch.at(-1)));
            return batch[0].trip_id > 15 ? sql.CLOSE : undefined;
        });
        show(await sql`select 'after' as a`);
    }));

await feature("stream", () =>
    connected(async (sql) => {
        let sum = 0;
        await sql`select trip_id::int as n from city.metro_trips`.forEach((row) => (sum += row.n));
        console.log(sum);
    }));

await feature("copy", () =>
    connected(async (sql) => {
        process.stdout.write(await collect(await sql`copy city.metro_stations to stdout`.readable()));
        process.stdout.write(await collect(await sql`copy (select id, exact from kinds.scalars order by id) to stdout with (format csv, header)`.readable()));
        await attempt(async () => await collect(await sql`copy nowhere to stdout`.readable()));
    }));

await feature("transactions", () =>
    connected(async (sql) => {
        await attempt(() => sql.begin(async (t) => {
            show(await t`select 1 as a`);
            await t.savepoint((s) => s`select 1 / 0`).catch((e) => console.log("!", e.code, e.message));
            show(await t`select 2 as a`);
        }));
        await attempt(() => sql.begin("read only isolation level repeatable read", async (t) => show(await t`show transaction_isolation`)));
        await attempt(() => sql.begin(async (t) => {
            await t`select nope`;
        }));
        show(await sql`select 'after' as a`);
        const reserved = await sql.reserve();
        show(await reserved`select 'reserved' as a`);
        reserved.release();
    }));

await feature("errors", () =>
    connected(async (sql) => {
        for (const text of ["selec", "select nope from city.metro_trips", "select * from nothing", "select 1/0", "select 'x'::int"]) {
            await sql.unsafe(text).catch((e) => console.log("!", e.code, e.message, e.severity, e.position));
        }
        show(await sql.unsafe("select 1 as a; select 2 as b").simple());
        show(await sql.unsafe(""));
        await sql`rollback`;
        await attempt(() => sql.listen("news", () => {}).then(({ unlisten }) => (console.log("listens"), unlisten())));
    }));

await feature("cancel", () =>
    connected(async (sql) => {
        const slow = sql`select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b`;
        const ended = attempt(() => slow);
        // A cancel that comes before the statement does reaches nothing, nor does one between its messages.
        await connected(async (other) => {
            while (!(await other`select 1 from pg_stat_activity where state = 'active' and query like '%1000000) b'`).length) await new Promise((r) => setTimeout(r, 20));
            await new Promise((r) => setTimeout(r, 200));
        });
        slow.cancel();
        await ended;
        show(await sql`select 'after' as a`);
    }));
finish();
