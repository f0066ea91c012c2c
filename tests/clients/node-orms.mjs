// Query builders and mappers over node-postgres: Knex, Kysely, Sequelize, TypeORM, with their introspection.
import "reflect-metadata";
import knexOf from "knex";
import pg from "pg";
import { Kysely, PostgresDialect } from "kysely";
import { QueryTypes, Sequelize } from "sequelize";
import { DataSource } from "typeorm";
import { attempt, feature, finish, show } from "./node/print.mjs";

console.log("## Knex, Kysely, Sequelize, TypeORM");
const place = { host: process.env.PGHOST, port: Number(process.env.PGPORT), database: process.env.PGDATABASE, user: process.env.PGUSER, password: process.env.PGPASSWORD };
const knex = knexOf({ client: "pg", connection: { ...place, user: process.env.PGUSER }, searchPath: ["city", "kinds"] });
const kysely = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ max: 2 }) }) });
const sequelize = new Sequelize(place.database, place.user, place.password, { host: place.host, port: place.port, dialect: "postgres", logging: false });
const source = new DataSource({ type: "postgres", ...place, username: place.user, schema: "city", entities: [] });

await feature("connect", async () => {
    show((await knex.raw("select current_schema() as schema")).rows);
    await sequelize.authenticate();
    console.log(await sequelize.databaseVersion().then((v) => v.split(".")[0]));
    await source.initialize();
    console.log(source.isInitialized);
});

await feature("queries", async () => {
    for (const ask of [
        () => knex("metro_trips as t").join("metro_stations as s", "s.station_id", "t.from_station").where("t.minutes", ">", 40).groupBy("s.name").orderBy("s.name").select("s.name").count("* as n").avg("t.fare as mean"),
        () => knex("scalars").withSchema("kinds").whereIn("id", [1, 2, 3]).orWhere({ words: "NULL" }).orderBy("id").select("id", "words", "flag", "day"),
        () => knex("metro_trips").where("ticket", "child").whereBetween("entered_at", ["2024-01-02", "2024-01-03"]).orderBy("trip_id").limit(3).offset(1).select("trip_id", "entered_at"),
        () => knex("metro_stations").whereNull("opened").orWhereNotNull("geometry").whereILike("name", "m%").select("name").orderBy("name"),
        () => knex("metro_trips").countDistinct("from_station as n").first().then((r) => [r]),
        () => knex.with("busy", knex("metro_trips").select("from_station").count("* as n").groupBy("from_station")).select("*").from("busy").where("n", ">", 10).orderBy("from_station"),
        () => knex("scalars").where("flag", true).andWhere("exact", ">=", "1.5").pluck("id"),
        () => knex("names.odd").select("Mixed Case", knex.raw("?? + ? as more", ["数量", 1])).orderBy("id"),
        () => kysely.selectFrom("city.metro_trips as t").innerJoin("city.metro_stations as s", "s.station_id", "t.to_station").select(({ fn }) => ["s.name", fn.countAll().as("n"), fn.max("t.fare").as("top")]).where("t.ticket", "=", "child").groupBy("s.name").orderBy("n", "desc").orderBy("s.name").limit(3).execute(),
        () => kysely.selectFrom("kinds.scalars").selectAll().where("id", "in", [1, 9]).where((e) => e.or([e("flag", "=", true), e("day", "<", "2000-01-01")])).orderBy("id").execute(),
        () => kysely.selectFrom("city.metro_stations").select((e) => ["name", e.case().when("opened", "<", 1950).then("old").else("new").end().as("age")]).where("opened", "is not", null).orderBy("name").execute(),
        () => sequelize.query("select name, opened from city.metro_stations where opened > :year order by name", { replacements: { year: 1905 }, type: QueryTypes.SELECT }),
        () => sequelize.query("select id from kinds.scalars where words = $1 and id = $2", { bind: ["plain", 1], type: QueryTypes.SELECT }),
        () => source.query("select s.name, t.fare from city.metro_trips t join city.metro_stations s on s.station_id = t.from_station where t.trip_id = any($1) order by 1", [[1, 2]]),
        () => source.createQueryBuilder().select("t.ticket", "ticket").addSelect("sum(t.minutes)", "sum").from("city.metro_trips", "t").where("t.minutes > :m", { m: 20 }).groupBy("t.ticket").orderBy("t.ticket").getRawMany(),
    ]) {
        await attempt(async () => show(await ask()));
    }
    const { DataTypes } = await import("sequelize");
    const Station = sequelize.define("Station", { stationId: { type: DataTypes.TEXT, primaryKey: true, field: "station_id" }, name: DataTypes.TEXT, opened: DataTypes.BIGINT, stepFree: { type: DataTypes.BOOLEAN, field: "step_free" } }, { tableName: "metro_stations", schema: "city", timestamps: false });
    const Trip = sequelize.define("Trip", { id: { type: DataTypes.BIGINT, primaryKey: true, field: "trip_id" }, from: { type: DataTypes.TEXT, field: "from_station" }, enteredAt: { type: DataTypes.DATE, field: "entered_at" }, fare: DataTypes.DOUBLE }, { tableName: "metro_trips", schema: "city", timestamps: false });
    Trip.belongsTo(Station, { foreignKey: "from", as: "station" });
    const { Op } = await import("sequelize");
    await attempt(async () => show((await Station.findAll({ where: { opened: { [Op.gt]: 1905 }, name: { [Op.iLike]: "%a%" } }, order: ["name"] })).map((s) => s.toJSON())));
    await attempt(async () => show((await Trip.findAll({ include: { model: Station, as: "station", where: { stepFree: true } }, order: [["id", "ASC"]], limit: 2 })).map((t) => t.toJSON())));
    await attempt(async () => console.log(JSON.stringify((await Trip.findAndCountAll({ where: { enteredAt: { [Op.between]: [new Date("2024-01-02T00:00:00Z"), new Date("2024-01-02T06:00:00Z")] } }, limit: 1, order: ["id"] })).count), await Trip.max("fare"), await Trip.sum("fare").then((s) => s.toFixed(2))));
    await attempt(async () => console.log(JSON.stringify(await Station.findByPk("S03"))));
    await attempt(() => Station.create({ stationId: "x", name: "y" }));
});

await feature("transactions", async () => {
    await attempt(() => knex.transaction(async (t) => show(await t("scalars").count("* as n")), { isolationLevel: "repeatable read", readOnly: true }));
    await attempt(() => knex.transaction(async (t) => await t.raw("select 1/0")));
    await attempt(() => sequelize.transaction({ isolationLevel: "SERIALIZABLE" }, async (t) => show(await sequelize.query("show transaction_isolation", { transaction: t, type: QueryTypes.SELECT }))));
    await attempt(() => source.transaction("REPEATABLE READ", async (m) => show(await m.query("select 'inside' as a"))));
    await attempt(() => kysely.transaction().setIsolationLevel("serializable").setAccessMode("read only").execute(async (t) => show(await t.selectFrom("city.metro_stations").select("name").limit(1).orderBy("name").execute())));
});

await feature("stream", async () => {
    let n = 0;
    for await (const row of knex("metro_trips").select("trip_id").stream({ batchSize: 500 })) n += row.trip_id ? 1 : 0;
    console.log(n);
});

const sorted = (rows, key) => [...rows].sort((a, b) => (a[key] < b[key] ? -1 : 1));
const ours = (schema) => ["city", "kinds", "names"].includes(schema);

await feature("metadata", async () => {
    await attempt(async () => console.log(await knex.schema.withSchema("city").hasTable("metro_trips"), await knex.schema.withSchema("city").hasColumn("metro_trips", "fare"), await knex.schema.hasTable("nowhere")));
    await attempt(async () => console.log(JSON.stringify(await knex("metro_stations").withSchema("city").columnInfo())));
    await attempt(async () => {
        const tables = (await kysely.introspection.getTables()).filter((t) => ours(t.schema));
        show(sorted(tables, "name"));
    });
    await attempt(async () => show((await kysely.introspection.getSchemas()).filter((s) => ours(s.name))));
    const query = sequelize.getQueryInterface();
    await attempt(async () => show((await query.showAllSchemas()).filter(ours).sort()));
    await attempt(async () => show(sorted((await query.showAllTables()).filter((t) => ours(t.schema ?? t.tableName)), "tableName")));
    for (const tableName of ["metro_stations", "metro_trips"]) {
        await attempt(async () => show(sorted(Object.entries(await query.describeTable({ tableName, schema: "city" })), 0)));
        await attempt(async () => show(await query.showIndex({ tableName, schema: "city" })));
        await attempt(async () => show(sorted(await query.getForeignKeyReferencesForTable({ tableName, schema: "city" }), "columnName")));
        await attempt(async () => show(sorted(await query.showConstraint({ tableName, schema: "city" }), "constraintName")));
    }
    const runner = source.createQueryRunner();
    await attempt(async () => {
        for (const t of await runner.getTables(["city.metro_stations", "city.metro_trips", "kinds.scalars"])) {
            console.log(t.name, t.comment);
            show(t.columns.map((c) => [c.name, c.type, c.precision, c.scale, c.length, c.isNullable, c.isPrimary, c.isUnique, c.isArray, c.default, c.comment]));
            show(t.foreignKeys.map((f) => [f.name, f.columnNames, f.referencedTableName, f.referencedColumnNames, f.onDelete]));
            show(t.indices.map((i) => [i.name, i.columnNames]));
        }
    });
    await attempt(async () => console.log(await runner.hasTable("city.metro_trips"), await runner.hasColumn("city.metro_trips", "fare"), await runner.hasSchema("kinds"), await runner.getCurrentSchema()));
    await runner.release();
});

await knex.destroy();
await kysely.destroy();
await sequelize.close();
if (source.isInitialized) await source.destroy();
finish();
