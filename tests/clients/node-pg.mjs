// node-postgres (`pg`) with its cursor, query stream and copy streams.
import pg from "pg";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { to as copyTo } from "pg-copy-streams";
import { attempt, feature, finish, show, collect, version } from "./node/print.mjs";

console.log(`## node-pg ${version("pg")}`);
process.env.TZ = "Asia/Shanghai";

async function connected(work, options = {}) {
    const client = new pg.Client(options);
    client.on("error", (e) => console.log("connection:", e.message));
    await client.connect();
    try {
        await work(client);
    } finally {
        await client.end();
    }
}

const SCALARS = "select * from kinds.scalars order by id";

await feature("connect", async () => {
    await connected(async (client) => {
        const { rows } = await client.query("select current_database() = $1 as db, current_user as who, current_schema() as schema", [process.env.PGDATABASE]);
        show(rows);
        console.log(client.processID > 0, client.secretKey !== 0);
    });
    await connected(async (client) => {
        show((await client.query("show application_name")).rows);
        show((await client.query("show statement_timeout")).rows);
        show((await client.query("show search_path")).rows);
    }, { application_name: "node", statement_timeout: 5000, options: "-c search_path=kinds,city" });
    await attempt(() => connected(() => {}, { database: "nowhere" }));
});

await feature("settings", async () => {
    await connected(async (client) => {
        const told = {};
        client.connection.on("parameterStatus", (m) => (told[m.parameterName] = m.parameterValue));
        for (const sql of ["set timezone to 'Asia/Tokyo'", "set datestyle to german", "set application_name = 'é'", "set client_encoding to 'utf8'", "reset all"]) {
            await attempt(() => client.query(sql));
        }
        console.log(JSON.stringify(told));
    });
});

await feature("types-text", () =>
    connected(async (client) => {
        for (const sql of [SCALARS, "select * from kinds.nested order by id", "select * from kinds.edges order by id", "select * from names.odd order by id", "select * from city.metro_stations order by station_id"]) {
            await attempt(async () => {
                const { rows, fields } = await client.query(sql);
                console.log(fields.map((f) => `${f.name}:${f.dataTypeID}:${f.dataTypeSize}:${f.dataTypeModifier}:${f.format}:${f.columnID}`).join(" "));
                show(rows);
            });
        }
        const { rows } = await client.query({ text: "select 1, 2 as a, 3 as a", rowMode: "array" });
        show(rows);
    }));

await feature("types-binary", () =>
    connected(async (client) => {
        for (const sql of ["select id, flag, small, medium, large, single, double, words, bytes from kinds.scalars order by id", "select at, at_zone, ints, words from kinds.scalars s join kinds.nested using (id) order by id"]) {
            await attempt(async () => show((await client.query({ text: sql, values: [], binary: true })).rows));
        }
    }));

await feature("parameters", () =>
    connected(async (client) => {
        const all = "select $1::text as a, $2::int4 as b, $3::int8 as c, $4::float8 as d, $5::numeric as e, $6::boolean as f, $7::date as g, $8::timestamptz as h, $9::bytea as i, $10::int4[] as j, $11::text[] as k, $12::jsonb as l";
        const values = ["é🚇'\\", -5, "9007199254740993", 0.1, "1.50", true, new Date(Date.UTC(2024, 1, 29)), new Date(1709251199123), Buffer.from([0, 1, 255]), [1, null, 3], ["a", null, 'b "c"', "{,}"], { a: [1, null] }];
        await attempt(async () => show((await client.query(all, values)).rows));
        await attempt(async () => show((await client.query(all, values.map(() => null))).rows));
        for (const [sql, given] of [
            ["select id from kinds.scalars where id = $1", [1]],
            ["select id from kinds.scalars where id = $1", ["1"]],
            ["select id from kinds.scalars where id = $1", ["x"]],
            ["select id from kinds.scalars where id = any($1) order by id", [[1, 3, 99]]],
            ["select id from kinds.scalars where words = any($1) order by id", [["plain", ""]]],
            ["select id from kinds.scalars where at_zone > $1 order by id", [new Date(1709251199000)]],
            ["select id from kinds.scalars where at > $1 order by id", [new Date(1709251199000)]],
            ["select id from kinds.scalars where day = $1 order by id", [new Date(2024, 1, 29)]],
            ["select id from kinds.scalars where day between $1 and $2 order by id", ["1970-01-01", "2000-01-01"]],
            ["select id from kinds.scalars where exact > $1 order by id", [1.5]],
            ["select id from kinds.scalars where large = $1", [9223372036854775807n]],
            ["select id from kinds.scalars where flag = $1 order by id", [true]],
            ["select id from kinds.scalars where words ilike $1 || '%' order by id limit $2", ["p", 1]],
            ["select id from kinds.scalars where key = $1", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]],
            ["select id from kinds.scalars where bytes = $1", [Buffer.from("plain")]],
            ["select id, doc->>'a' as a from kinds.scalars where doc->>'a' = $1", ["1"]],
            ["select $1 as a", ["text"]],
            ["select $1::int + $2 as sum", [1, 2]],
            ["select upper($1) as a, $2 || '!' as b, coalesce($3, 7) as c", ["x", "y", null]],
            ["select count(*) from city.metro_trips where entered_at >= $1 and entered_at < $1::timestamp + interval '1 day'", ["2024-01-02"]],
            ["select $1", []],
            ["select 1 as a", [5]],
        ]) {
            await attempt(async () => show((await client.query(sql, given)).rows));
        }
    }));

await feature("prepared", () =>
    connected(async (client) => {
        for (const id of [1, 2, 3, null]) {
            const { rows } = await client.query({ name: "by-id", text: "select words, exact from kinds.scalars where id = $1", values: [id] });
            show(rows);
        }
        show((await client.query("select name, statement, parameter_types::text from pg_prepared_statements")).rows);
        await attempt(() => client.query({ name: "by-id", text: "select 1" }));
        await attempt(async () => show((await client.query('execute "by-id"(1)')).rows));
        await attempt(() => client.query({ name: "bad", text: "select nope" }));
        await client.query("deallocate all");
        await attempt(() => client.query({ name: "by-id", text: "select words, exact from kinds.scalars where id = $1", values: [1] }));
    }));

await feature("pipeline", () =>
    connected(async (client) => {
        // Sent one after the other without waiting.
        const answers = await Promise.allSettled([client.query("select 1 as a"), client.query("select $1::int as b", [2]), client.query("select 1/0"), client.query("select nope"), client.query("select $1::text as c", ["x"])]);
        for (const a of answers) {
            a.status === "fulfilled" ? show(a.value.rows) : console.log("!", a.reason.code, a.reason.message);
        }
    }));

await feature("cursor", () =>
    connected(async (client) => {
        const cursor = client.query(new Cursor("select trip_id, fare from city.metro_trips where trip_id > $1 order by trip_id", [10]));
        let total = 0;
        for (const n of [3, 100, 2000]) {
            const rows = await cursor.read(n);
            total += rows.length;
            console.log(rows.length, JSON.stringify(rows[0]), JSON.stringify(rows.at(-1)));
        }
        // Other statements wait in the client until the cursor is closed.
        await cursor.close();
        show((await client.query("select count(*) from city.metro_stations")).rows);
        const whole = client.query(new Cursor("select trip_id from city.metro_trips", [], { rowMode: "array" }));
        let batch;
        total = 0;
        while ((batch = await whole.read(999)).length) total += batch.length;
        console.log(total);
        await attempt(() => client.query(new Cursor("select 10 / (trip_id - 3000) from city.metro_trips order by trip_id")).read(4000));
        await attempt(() => client.query(new Cursor("select nope from city.metro_trips")).read(1));
        show((await client.query("select 'after' as a")).rows);
        await client.query("begin");
        await client.query("declare c cursor for select trip_id from city.metro_trips order by 1");
        show((await client.query("fetch forward 2 from c")).rows);
        show((await client.query("fetch relative 3 from c")).rows);
        console.log((await client.query("move 10 in c")).rowCount, (await client.query("close c")).command);
        await client.query("commit");
    }));

await feature("stream", () =>
    connected(async (client) => {
        const stream = client.query(new QueryStream("select trip_id, from_station, fare from city.metro_trips order by trip_id", [], { batchSize: 333 }));
        let [rows, sum, fares] = [0, 0, 0];
        for await (const row of stream) {
            rows++;
            sum += Number(row.trip_id);
            fares += row.fare;
        }
        console.log(rows, sum, fares.toFixed(2));
        // Left early.
        for await (const row of client.query(new QueryStream("select trip_id from city.metro_trips order by trip_id"))) {
            if (Number(row.trip_id) === 5) break;
        }
        show((await client.query("select 'after' as a")).rows);
    }));

await feature("copy", () =>
    connected(async (client) => {
        for (const sql of ["copy (select id, words, exact, bytes, at_zone, flag from kinds.scalars where id < 6 order by id) to stdout", "copy city.metro_stations to stdout with (format csv, header true)", "copy (select * from kinds.nested order by id) to stdout csv"]) {
            await attempt(async () => process.stdout.write(await collect(client.query(copyTo(sql)))));
        }
        await attempt(async () => console.log((await collect(client.query(copyTo("copy (select id, words, at from kinds.scalars where id < 4 order by id) to stdout binary")), "hex"))));
        await attempt(async () => await collect(client.query(copyTo("copy nowhere to stdout"))));
        await attempt(async () => await collect(client.query(copyTo("copy (select 1/(id-3) from kinds.scalars order by id) to stdout"))));
        show((await client.query("select 'after' as a")).rows);
    }));

await feature("transactions", () =>
    connected(async (client) => {
        for (const sql of ["begin", "select 1 as a", "select nope", "select 2 as a", "rollback", "select 3 as a", "begin isolation level repeatable read read only", "show transaction_isolation", "savepoint s", "select 1/0", "rollback to savepoint s", "select 4 as a", "release s", "commit", "commit", "start transaction", "abort", "create table t (a int)", "delete from city.metro_trips"]) {
            await attempt(async () => {
                const { command, rowCount, rows } = await client.query(sql);
                console.log(command, rowCount, JSON.stringify(rows));
            });
        }
    }));

await feature("errors", () =>
    connected(async (client) => {
        for (const sql of ["selec 1", "select nope from city.metro_trips", "select * from nothing", "select 1/0", "select 'x'::int", "select nofunc(1, 'a')", "select 1 from", "select 'a' + 1", "select substr(1)", "select * from city.metro_trips where fare = 'x'", "select \"fares\" from city.metro_trips", "insert into city.metro_trips values (1)", "select cast('9' as date)", "select array[1, 'x']"]) {
            try {
                await client.query(sql);
                console.log("no error:", sql);
            } catch (e) {
                // Details and hints are each server's own.
                console.log("!", e.code, e.message, "|", e.severity, e.position, e.table, e.schema);
            }
        }
        const several = await client.query("select 1 as a; select 'x' as b, 2 as c; set work_mem = '5MB'");
        show(several.map((r) => [r.command, r.rowCount, r.rows]));
        await attempt(() => client.query("select 1; select nope; select 2"));
        const empty = await client.query("");
        console.log(empty.command, empty.rowCount);
    }));

await feature("notices", () =>
    connected(async (client) => {
        client.on("notice", (n) => console.log(n.severity, n.code, n.message));
        await client.query("rollback");
        await client.query("begin; begin; commit");
        await client.query("listen news");
        await client.query("unlisten news");
        await attempt(() => client.query("notify news, 'x'"));
    }));

await feature("cancel", async () => {
    await connected(async (client) => {
        // Which of the two ends first is no answer.
        const slow = client.query("select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b").then(
            () => () => {},
            (e) => () => { throw e; },
        );
        await connected(async (other) => {
            // A cancel that comes before the statement does reaches nothing.
            const running = "select 1 from pg_stat_activity where pid = $1 and state = 'active' and query like '%generate_series%'";
            while (!(await other.query(running, [client.processID])).rows.length) await new Promise((r) => setTimeout(r, 20));
            await new Promise((r) => setTimeout(r, 200));
            show((await other.query("select pg_cancel_backend($1) as done", [client.processID])).rows);
        });
        await attempt(await slow);
        await client.query("set statement_timeout = 100");
        await attempt(() => client.query("select pg_sleep(5)"));
        await client.query("reset statement_timeout");
        show((await client.query("select 'after' as a")).rows);
    });
    await connected(async (client) => attempt(() => client.query({ text: "select pg_sleep(5)", query_timeout: 100 })));
});

await feature("metadata", async () => {
    const pool = new pg.Pool({ max: 3 });
    const counts = await Promise.all(Array.from({ length: 9 }, () => pool.query("select count(*)::int as n from city.metro_trips")));
    show(counts.map((c) => c.rows[0].n));
    await pool.end();
    await connected(async (client) => {
        for (const sql of [
            "select table_schema, table_name, table_type from information_schema.tables where table_schema in ('city', 'kinds', 'names') order by 1, 2",
            "select column_name, ordinal_position, is_nullable, data_type, udt_name, numeric_precision, numeric_scale, datetime_precision, character_maximum_length from information_schema.columns where table_name = 'scalars' order by ordinal_position",
            "select oid::int > 0 as ok, typname, typarray::int > 0 as has_array from pg_type where typname in ('int4', 'json', 'timestamptz') order by typname",
        ]) {
            await attempt(async () => show((await client.query(sql)).rows));
        }
    });
});
finish();
