import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.util.PSQLException;

/** What applications on pgjdbc do, feature by feature; the answers are printed. */
class Jdbc {
    interface Step {
        void run() throws Exception;
    }

    static String url;
    static Properties login = new Properties();

    public static void main(String[] args) throws Exception {
        Map<String, String> env = System.getenv();
        url = "jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE");
        login.setProperty("user", env.get("PGUSER"));
        login.setProperty("password", env.getOrDefault("PGPASSWORD", "none"));
        login.setProperty("sslmode", env.getOrDefault("PGSSLMODE", "prefer"));
        login.setProperty("ApplicationName", "jdbc");
        TimeZone.setDefault(TimeZone.getTimeZone("Asia/Shanghai"));
        System.out.println("## pgjdbc " + org.postgresql.Driver.getVersion().replaceAll("[^0-9.]*([0-9.]+).*", "$1"));
        feature("connect", Jdbc::connect);
        feature("types-text", () -> types(false));
        feature("types-binary", () -> types(true));
        feature("types-binary", Jdbc::javaTime);
        feature("types-binary", Jdbc::arrays);
        feature("parameters", Jdbc::parameters);
        feature("prepared", Jdbc::prepared);
        feature("cursor", Jdbc::cursor);
        feature("queries", Jdbc::simpleMode);
        feature("transactions", Jdbc::transactions);
        feature("errors", Jdbc::errors);
        feature("notices", Jdbc::notices);
        feature("batch", Jdbc::severalResults);
        feature("batch", Jdbc::batch);
        feature("copy", Jdbc::copy);
        feature("cancel", Jdbc::cancel);
        feature("metadata", Jdbc::catalogs);
        feature("metadata", Jdbc::tables);
        feature("metadata", Jdbc::columns);
        feature("metadata", Jdbc::keys);
        feature("metadata", Jdbc::typeInfo);
        feature("metadata", Jdbc::functions);
        feature("metadata", Jdbc::privileges);
        feature("metadata", Jdbc::resultMetaData);
        feature("metadata", Jdbc::parameterMetaData);
        feature("metadata", Jdbc::database);
        feature("queries", Jdbc::pool);
    }

    static void feature(String name, Step step) {
        System.out.println("# " + name);
        try {
            step.run();
        } catch (Throwable e) {
            error(e);
        }
    }

    static void error(Throwable e) {
        if (e instanceof PSQLException p && p.getServerErrorMessage() != null) {
            var m = p.getServerErrorMessage();
            System.out.println("! " + m.getSQLState() + " " + m.getMessage() + (m.getPosition() > 0 ? " at " + m.getPosition() : ""));
        } else if (e instanceof SQLException s) {
            System.out.println("! " + s.getSQLState() + " " + s.getMessage());
        } else {
            System.out.println("! " + e);
        }
    }

    /** The answer is an error, or else what the statement gave. */
    static void attempt(Step step) {
        try {
            step.run();
        } catch (Throwable e) {
            error(e);
        }
    }

    static Connection open(String... properties) throws SQLException {
        Properties all = new Properties();
        all.putAll(login);
        for (int i = 0; i < properties.length; i += 2) {
            all.setProperty(properties[i], properties[i + 1]);
        }
        return DriverManager.getConnection(url, all);
    }

    static String text(Object o) throws SQLException {
        if (o instanceof byte[] b) {
            return HexFormat.of().formatHex(b);
        }
        if (o instanceof java.sql.Array a) {
            return a.getBaseTypeName() + Arrays.deepToString((Object[]) a.getArray());
        }
        return String.valueOf(o).replace("\n", "\\n").replace("\r", "\\r");
    }

    /** Each row, by its objects; the header has their classes. */
    static void print(ResultSet rows, String... only) throws SQLException {
        ResultSetMetaData m = rows.getMetaData();
        List<Integer> wanted = new ArrayList<>();
        StringBuilder head = new StringBuilder("=");
        for (int i = 1; i <= m.getColumnCount(); i++) {
            if (only.length == 0 || Arrays.asList(only).contains(m.getColumnLabel(i))) {
                wanted.add(i);
                head.append(' ').append(m.getColumnLabel(i)).append(':').append(m.getColumnClassName(i));
            }
        }
        System.out.println(head);
        while (rows.next()) {
            StringJoiner line = new StringJoiner("|");
            for (int i : wanted) {
                line.add(text(rows.getObject(i)));
            }
            System.out.println(line);
        }
    }

    static void query(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet rows = s.executeQuery(sql)) {
            print(rows);
        }
    }

    static void connect() throws Exception {
        try (Connection c = open()) {
            PgConnection p = c.unwrap(PgConnection.class);
            var told = new TreeMap<>(p.getParameterStatuses());
            told.remove("server_version");
            told.remove("session_authorization");
            System.out.println(told);
            DatabaseMetaData m = c.getMetaData();
            System.out.println(m.getDatabaseProductName() + " " + m.getDatabaseMajorVersion());
            System.out.println(c.isValid(2) + " " + c.getAutoCommit() + " " + c.isReadOnly() + " " + c.getTransactionIsolation());
            System.out.println(p.getStandardConformingStrings() + " " + p.haveMinimumServerVersion(150000));
            query(c, "select current_setting('application_name'), current_setting('TimeZone'), current_setting('extra_float_digits')");
            System.out.println(((PGConnection) c).getBackendPID() > 0);
        }
        try (Connection c = open("currentSchema", "city,public", "options", "-c statement_timeout=12345")) {
            System.out.println(c.getSchema());
            query(c, "show search_path");
            query(c, "show statement_timeout");
            c.setSchema("kinds");
            query(c, "select count(*) from scalars");
            c.setClientInfo("ApplicationName", "renamed");
            query(c, "show application_name");
        }
        attempt(() -> open("user", "me", "PGDBNAME", "nowhere").close());
        attempt(() -> DriverManager.getConnection(url.replaceAll("/[^/]*$", "/nowhere"), login).close());
    }

    static final String SCALARS = "select * from kinds.scalars order by id";

    static void types(boolean binary) throws Exception {
        // -1 asks for binary from the first execution on.
        try (Connection c = open("prepareThreshold", binary ? "-1" : "0", "binaryTransfer", String.valueOf(binary))) {
            for (String sql : List.of(SCALARS, "select id, double from kinds.edges order by id",
                    "select true, 1::int2, 2::int4, 3::int8, 1.5::float4, 2.5::float8, 1.50::numeric, 'NaN'::numeric, 'x'::text, 'y'::varchar(3), 'z'::char(3), 'n'::name",
                    "select '2024-02-29'::date, '12:34:56.7'::time, '2024-02-29 12:34:56.7'::timestamp, '2024-02-29 12:34:56.7+02'::timestamptz, '12:00+02'::timetz, '1 year 2 mons 3 days 04:05:06.7'::interval",
                    "select '{\"a\": 1}'::json, '{\"a\": 1}'::jsonb, '\\xdeadbeef'::bytea, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, 26::oid, 'pg_class'::regclass::text, row(1, 'a')::text, null",
                    "select 0::numeric, 0.00::numeric, -1234567890.0987654321::numeric, 1e20::numeric, 1e-10::numeric, 10000::numeric, 0.0001::numeric, 12345678901234567890123456789012345678.1::numeric")) {
                attempt(() -> {
                    try (PreparedStatement s = c.prepareStatement(sql); ResultSet rows = s.executeQuery()) {
                        print(rows);
                    }
                });
            }
        }
    }

    static void javaTime() throws Exception {
        try (Connection c = open("prepareThreshold", "-1");
                PreparedStatement s = c.prepareStatement("select id, day, clock, at, at_zone, exact, large, bytes from kinds.scalars where id not in (4, 6) order by id");
                ResultSet r = s.executeQuery()) {
            while (r.next()) {
                System.out.println(r.getObject(2, LocalDate.class) + "|" + r.getObject(3, LocalTime.class) + "|" + r.getObject(4, LocalDateTime.class) + "|"
                        + r.getObject(5, OffsetDateTime.class) + "|" + r.getTimestamp(4) + "|" + r.getTimestamp(5) + "|" + r.getDate(2) + "|" + r.getTime(3)
                        + "|" + r.getBigDecimal(6) + "|" + r.getDouble(6) + "|" + r.getString(7) + "|" + r.getBytes(8).length);
            }
        }
    }

    static void arrays() throws Exception {
        for (String threshold : List.of("0", "-1")) {
            try (Connection c = open("prepareThreshold", threshold)) {
                for (String sql : List.of("select id, ints, bigs, words, doubles, flags, days, times, exacts, matrix from kinds.nested order by id",
                        "select id, place, props from kinds.nested order by id", "select array[1,2,null], array['a','b c'], '{}'::int[], array[[1,2],[3,4]]")) {
                    attempt(() -> {
                        try (PreparedStatement s = c.prepareStatement(sql); ResultSet rows = s.executeQuery()) {
                            print(rows);
                        }
                    });
                }
            }
        }
        try (Connection c = open(); PreparedStatement s = c.prepareStatement("select station_id from city.metro_stations where station_id = any(?) order by 1")) {
            s.setArray(1, c.createArrayOf("text", new Object[] {"S01", "S03"}));
            print(s.executeQuery());
            try (PreparedStatement n = c.prepareStatement("select id from kinds.scalars where id = any(?) order by 1")) {
                n.setArray(1, c.createArrayOf("int4", new Object[] {1, 3, 99}));
                print(n.executeQuery());
            }
        }
    }

    static void parameters() throws Exception {
        for (String threshold : List.of("0", "-1")) {
            try (Connection c = open("prepareThreshold", threshold)) {
                try (PreparedStatement s = c.prepareStatement("select ?::text, ?::int4, ?::int8, ?::int2, ?::float8, ?::numeric, ?::boolean, ?::date, ?::timestamp, ?::timestamptz, ?::bytea, ?::time, ?::uuid, ?::interval, ?::jsonb")) {
                    s.setString(1, "é🚇'\\");
                    s.setInt(2, -5);
                    s.setLong(3, Long.MAX_VALUE);
                    s.setShort(4, (short) 7);
                    s.setDouble(5, 0.1);
                    s.setBigDecimal(6, new BigDecimal("12345678901234567890.123"));
                    s.setBoolean(7, true);
                    s.setDate(8, java.sql.Date.valueOf("2024-02-29"));
                    s.setTimestamp(9, Timestamp.valueOf("2024-02-29 01:02:03.456"));
                    s.setObject(10, OffsetDateTime.parse("2024-02-29T01:02:03+02:00"));
                    s.setBytes(11, new byte[] {0, 1, (byte) 255});
                    s.setObject(12, LocalTime.of(1, 2, 3));
                    s.setObject(13, UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
                    s.setString(14, "1 day");
                    s.setString(15, "{\"b\": 1, \"a\": 2}");
                    print(s.executeQuery());
                    for (int i = 1; i <= 15; i++) {
                        s.setNull(i, Types.NULL);
                    }
                    print(s.executeQuery());
                }
                attempt(() -> where(c, "select id from kinds.scalars where large > ? order by 1", s -> s.setLong(1, 5)));
                attempt(() -> where(c, "select id from kinds.scalars where exact = ? order by 1", s -> s.setBigDecimal(1, new BigDecimal("12.34"))));
                attempt(() -> where(c, "select id from kinds.scalars where small = ? and medium < ?", s -> {
                    s.setInt(1, 2);
                    s.setLong(2, 100);
                }));
                attempt(() -> where(c, "select id from kinds.scalars where day >= ? order by 1", s -> s.setDate(1, java.sql.Date.valueOf("2024-01-01"))));
                attempt(() -> where(c, "select id from kinds.scalars where day >= ? order by 1", s -> s.setObject(1, LocalDate.of(2024, 1, 1))));
                attempt(() -> where(c, "select id from kinds.scalars where at >= ? order by 1", s -> s.setTimestamp(1, Timestamp.valueOf("2024-01-01 00:00:00"))));
                attempt(() -> where(c, "select id from kinds.scalars where at_zone >= ? order by 1", s -> s.setTimestamp(1, Timestamp.valueOf("2024-01-01 00:00:00"))));
                attempt(() -> where(c, "select id from kinds.scalars where at >= ? order by 1", s -> s.setObject(1, LocalDateTime.of(2024, 1, 1, 0, 0))));
                attempt(() -> where(c, "select id from kinds.scalars where words like ? or words ilike ? order by 1", s -> {
                    s.setString(1, "%it%");
                    s.setString(2, "PLAIN");
                }));
                attempt(() -> where(c, "select id from kinds.scalars where flag = ? order by 1", s -> s.setBoolean(1, true)));
                attempt(() -> where(c, "select id from kinds.scalars where bytes = ? order by 1", s -> s.setBytes(1, "plain".getBytes())));
                attempt(() -> where(c, "select id from kinds.scalars where double between ? and ? order by 1", s -> {
                    s.setDouble(1, -1);
                    s.setDouble(2, 1);
                }));
                attempt(() -> where(c, "select id from kinds.scalars order by id limit ? offset ?", s -> {
                    s.setInt(1, 2);
                    s.setInt(2, 3);
                }));
                attempt(() -> where(c, "select id from kinds.scalars where (? is null or words = ?) order by 1 limit 2", s -> {
                    s.setString(1, null);
                    s.setString(2, null);
                }));
                attempt(() -> where(c, "select id from kinds.scalars where id in (?, ?, ?) order by 1", s -> {
                    s.setInt(1, 1);
                    s.setInt(2, 2);
                    s.setInt(3, 300);
                }));
                attempt(() -> where(c, "select ? || 'x', ? + 1, coalesce(?, 'none'), case when ? then 1 else 0 end", s -> {
                    s.setString(1, "a");
                    s.setInt(2, 1);
                    s.setString(3, "some");
                    s.setBoolean(4, false);
                }));
                attempt(() -> where(c, "select id from kinds.scalars where id = ?", s -> s.setString(1, "1")));
                attempt(() -> where(c, "select ?", s -> s.setString(1, "untyped")));
                attempt(() -> where(c, "select 1 / ?", s -> s.setInt(1, 0)));
                attempt(() -> where(c, "select ?", s -> {}));
            }
        }
        // As unknown, as many tools configure it.
        try (Connection c = open("stringtype", "unspecified")) {
            attempt(() -> where(c, "select id from kinds.scalars where id = ?", s -> s.setString(1, "1")));
            attempt(() -> where(c, "select id from kinds.scalars where day = ?", s -> s.setString(1, "2024-02-29")));
            attempt(() -> where(c, "select id from kinds.scalars where day = ?", s -> s.setString(1, "soon")));
        }
    }

    interface Binder {
        void bind(PreparedStatement s) throws SQLException;
    }

    static void where(Connection c, String sql, Binder binder) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            binder.bind(s);
            print(s.executeQuery());
        }
    }

    static void prepared() throws Exception {
        // From the third time on it is a named statement on the server, then in binary.
        try (Connection c = open("prepareThreshold", "3");
                PreparedStatement s = c.prepareStatement("select id, words, exact, at from kinds.scalars where id = ?")) {
            for (int i = 1; i <= 7; i++) {
                s.setInt(1, i);
                print(s.executeQuery());
            }
            // Another type for the parameter means another statement.
            s.setLong(1, 2);
            print(s.executeQuery());
            s.setBigDecimal(1, new BigDecimal(3));
            print(s.executeQuery());
            query(c, "deallocate all");
            s.setInt(1, 1);
            attempt(() -> print(s.executeQuery()));
            attempt(() -> print(s.executeQuery()));
        }
        try (Connection c = open("prepareThreshold", "1", "autosave", "conservative")) {
            c.setAutoCommit(false);
            try (PreparedStatement s = c.prepareStatement("select count(*) from city.metro_trips where ticket = ?")) {
                s.setString(1, "child");
                print(s.executeQuery());
                try (Statement d = c.createStatement()) {
                    d.execute("deallocate all");
                }
                attempt(() -> print(s.executeQuery()));
            }
            c.rollback();
        }
    }

    static void cursor() throws Exception {
        for (String threshold : List.of("0", "-1")) {
            try (Connection c = open("prepareThreshold", threshold)) {
                c.setAutoCommit(false);
                try (PreparedStatement s = c.prepareStatement("select trip_id, fare, entered_at from city.metro_trips order by trip_id")) {
                    s.setFetchSize(700);
                    long sum = 0;
                    int n = 0;
                    BigDecimal fares = BigDecimal.ZERO;
                    try (ResultSet rows = s.executeQuery()) {
                        while (rows.next()) {
                            sum += rows.getLong(1);
                            fares = fares.add(rows.getBigDecimal(2));
                            n++;
                        }
                    }
                    System.out.println(n + " rows, " + sum + ", " + fares);
                    // Left half way, and begun again.
                    try (ResultSet rows = s.executeQuery()) {
                        rows.next();
                        System.out.println(rows.getString(1));
                    }
                    try (ResultSet rows = s.executeQuery(); Statement other = c.createStatement()) {
                        rows.next();
                        print(other.executeQuery("select count(*) from city.metro_stations"));
                        for (int i = 0; i < 1500; i++) {
                            rows.next();
                        }
                        System.out.println(rows.getString(1));
                    }
                    s.setMaxRows(1000);
                    n = 0;
                    try (ResultSet rows = s.executeQuery()) {
                        while (rows.next()) {
                            n++;
                        }
                    }
                    System.out.println(n);
                }
                try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
                        ResultSet rows = s.executeQuery("select trip_id from city.metro_trips order by 1 limit 10")) {
                    rows.last();
                    System.out.println(rows.getRow() + " " + rows.getInt(1));
                    rows.absolute(3);
                    System.out.println(rows.getInt(1) + " " + rows.previous() + " " + rows.getInt(1));
                }
                c.commit();
                // What is fetched after the commit has no cursor any more.
                attempt(() -> {
                    try (Statement s = c.createStatement()) {
                        s.setFetchSize(2);
                        ResultSet rows = s.executeQuery("select trip_id from city.metro_trips order by 1");
                        rows.next();
                        c.commit();
                        int seen = 1;
                        while (rows.next()) {
                            seen++;
                        }
                        System.out.println("seen " + seen);
                    }
                });
                c.rollback();
                try (Statement s = c.createStatement()) {
                    s.execute("declare c1 scroll cursor for select trip_id from city.metro_trips order by 1");
                    print(s.executeQuery("fetch 3 from c1"));
                    print(s.executeQuery("fetch backward 1 from c1"));
                    System.out.println(s.executeUpdate("move forward 10 in c1"));
                    print(s.executeQuery("fetch next from c1"));
                    s.execute("close c1");
                }
                c.rollback();
            }
        }
    }

    static void simpleMode() throws Exception {
        for (String mode : List.of("simple", "extendedForPrepared", "extendedCacheEverything")) {
            try (Connection c = open("preferQueryMode", mode)) {
                attempt(() -> where(c, "select ?, ?::date, ?::numeric, ?::bytea, ?", s -> {
                    s.setInt(1, 1);
                    s.setDate(2, java.sql.Date.valueOf("2024-02-29"));
                    s.setBigDecimal(3, new BigDecimal("-1.5"));
                    s.setBytes(4, new byte[] {1, 2});
                    s.setString(5, "it's \\ \"x\"");
                }));
                attempt(() -> where(c, "select id from kinds.scalars where id = ? and words = ?", s -> {
                    s.setInt(1, 1);
                    s.setString(2, "plain");
                }));
                query(c, "select * from kinds.scalars where id < 4 order by id");
            }
        }
    }

    static void transactions() throws Exception {
        try (Connection c = open()) {
            c.setReadOnly(true);
            query(c, "show transaction_read_only");
            c.setAutoCommit(false);
            query(c, "select 1");
            query(c, "show transaction_read_only");
            attempt(() -> query(c, "select * from nothing_here"));
            attempt(() -> query(c, "select 1"));
            c.rollback();
            c.setReadOnly(false);
            for (int level : new int[] {Connection.TRANSACTION_READ_UNCOMMITTED, Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE}) {
                c.setTransactionIsolation(level);
                System.out.println(c.getTransactionIsolation());
                query(c, "select current_setting('transaction_isolation')");
                c.commit();
            }
            Savepoint point = c.setSavepoint("a point");
            attempt(() -> query(c, "select 1/0"));
            c.rollback(point);
            query(c, "select 'after'");
            c.releaseSavepoint(point);
            c.commit();
            Savepoint unnamed = c.setSavepoint();
            c.rollback(unnamed);
            c.setAutoCommit(true);
            System.out.println(((PgConnection) c).getTransactionState());
            attempt(() -> {
                try (Statement s = c.createStatement()) {
                    s.execute("begin transaction isolation level serializable, read only, deferrable");
                    s.execute("set local statement_timeout = 77");
                    query(c, "show statement_timeout");
                    s.execute("end");
                    query(c, "show statement_timeout");
                }
            });
        }
    }

    static void errors() throws Exception {
        try (Connection c = open()) {
            for (String sql : List.of("select", "selec 1", "select * from nothing", "select nope from city.metro_trips", "select t.nope from city.metro_trips t", "select 1/0", "select 'x'::int",
                    "select nofunc(1)", "select sum(words) from kinds.scalars", "select 1 +", "select * from nowhere.t", "select 2147483647 + 1", "select '2024-13-01'::date",
                    "select \"Trip_id\" from city.metro_trips", "select id, count(*) from kinds.scalars", "select count(*) from city.metro_trips t, city.metro_stations t", "select 1 where 1", "select 'a' = 1",
                    "select id from kinds.scalars union select 'x' from kinds.scalars", "select (select id from kinds.scalars)", "select 'é', * from nothing", "select 100000::int2", "select 'unterminated")) {
                attempt(() -> query(c, sql));
            }
            attempt(() -> c.createStatement().executeQuery("set search_path = city"));
            attempt(() -> query(c, "select 1; select 2"));
            attempt(() -> query(c, ""));
            attempt(() -> System.out.println(c.createStatement().executeUpdate("select 1")));
            try {
                query(c, "select * from city.metro_tripz");
            } catch (PSQLException e) {
                var m = e.getServerErrorMessage();
                System.out.println(m.getSeverity() + " " + m.getDetail());
            }
        }
    }

    static void notices() throws Exception {
        try (Connection c = open(); Statement s = c.createStatement()) {
            s.execute("begin");
            s.execute("begin");
            for (SQLWarning w = s.getWarnings(); w != null; w = w.getNextWarning()) {
                System.out.println(w.getSQLState() + " " + w.getMessage());
            }
            s.execute("rollback");
            s.execute("rollback");
            for (SQLWarning w = s.getWarnings(); w != null; w = w.getNextWarning()) {
                System.out.println(w.getSQLState() + " " + w.getMessage());
            }
            s.execute("listen news");
            System.out.println(((PGConnection) c).getNotifications().length);
            s.execute("unlisten *");
        }
    }

    static void severalResults() throws Exception {
        try (Connection c = open(); Statement s = c.createStatement()) {
            boolean more = s.execute("select 1 as a; set extra_float_digits = 3; select 2 as b, 'x' as c;; show extra_float_digits");
            while (more || s.getUpdateCount() != -1) {
                if (more) {
                    print(s.getResultSet());
                } else {
                    System.out.println("count " + s.getUpdateCount());
                }
                more = s.getMoreResults();
            }
            attempt(() -> System.out.println(s.execute("select 1; select 1/0; select 3")));
        }
    }

    static void batch() throws Exception {
        try (Connection c = open(); PreparedStatement s = c.prepareStatement("select ?")) {
            s.setInt(1, 1);
            s.addBatch();
            attempt(() -> System.out.println(Arrays.toString(s.executeBatch())));
            try (Statement plain = c.createStatement()) {
                plain.addBatch("set work_mem = '8MB'");
                plain.addBatch("set application_name = 'batched'");
                System.out.println(Arrays.toString(plain.executeBatch()));
            }
            query(c, "show application_name");
        }
    }

    static void copy() throws Exception {
        try (Connection c = open()) {
            CopyManager copies = ((PGConnection) c).getCopyAPI();
            for (String options : List.of("", " with (format csv, header)", " (format csv, delimiter ';', null 'none', force_quote *)", " csv header")) {
                attempt(() -> {
                    StringWriter out = new StringWriter();
                    long n = copies.copyOut("copy (select id, words, exact, bytes, at_zone from kinds.scalars where id < 6 order by id) to stdout" + options, out);
                    System.out.print(n + "\n" + out);
                });
            }
            attempt(() -> {
                var bytes = new java.io.ByteArrayOutputStream();
                long n = copies.copyOut("copy (select id, words, large, double, at from kinds.scalars where id < 4 order by id) to stdout (format binary)", bytes);
                System.out.println(n + " " + HexFormat.of().formatHex(bytes.toByteArray()));
            });
            attempt(() -> copies.copyOut("copy (select nope) to stdout", new StringWriter()));
            attempt(() -> System.out.println(copies.copyOut("copy city.metro_stations to stdout csv header", new StringWriter())));
            query(c, "select 'still here'");
        }
    }

    static void cancel() throws Exception {
        try (Connection c = open(); Statement s = c.createStatement()) {
            Thread other = new Thread(() -> {
                try {
                    Thread.sleep(300);
                    s.cancel();
                } catch (Exception e) {
                    System.out.println(e);
                }
            });
            other.start();
            attempt(() -> print(s.executeQuery("select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b")));
            other.join();
            query(c, "select 'alive'");
            s.setQueryTimeout(1);
            attempt(() -> print(s.executeQuery("select pg_sleep(20)")));
            s.setQueryTimeout(0);
            s.execute("set statement_timeout = '200ms'");
            attempt(() -> print(s.executeQuery("select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b")));
            query(c, "select 'alive'");
        }
    }

    static void catalogs() throws Exception {
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            ResultSet r = m.getSchemas();
            while (r.next()) {
                if (!r.getString(1).equals("public") && !r.getString(1).equals("catalog") && !r.getString(1).equals("system") && !r.getString(1).startsWith("pg_t")) {
                    System.out.println(r.getString(1));
                }
            }
            print(m.getSchemas(null, "k%"), "TABLE_SCHEM");
            print(m.getTableTypes());
            print(m.getClientInfoProperties());
        }
    }

    static void tables() throws Exception {
        String[] columns = {"TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS"};
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            print(m.getTables(null, "city", "%", null), columns);
            print(m.getTables(null, "k%", "s%", new String[] {"TABLE"}), columns);
            print(m.getTables("", "kinds", "nest__", new String[] {"TABLE", "VIEW", "FOREIGN TABLE"}), columns);
            print(m.getTables(null, "pg_catalog", "pg\\_clas%", null), columns);
            print(m.getTables(null, "information_schema", "col%s", null), "TABLE_SCHEM", "TABLE_NAME");
            print(m.getTables(null, "city", "%", new String[] {"MATERIALIZED VIEW"}), columns);
            print(m.getSuperTables(null, "city", "%"));
        }
    }

    static void columns() throws Exception {
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            print(m.getColumns(null, "city", "%", "%"), "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "NULLABLE", "REMARKS", "COLUMN_DEF",
                    "CHAR_OCTET_LENGTH", "ORDINAL_POSITION", "IS_NULLABLE", "IS_AUTOINCREMENT", "IS_GENERATEDCOLUMN");
            print(m.getColumns(null, "kinds", "scalars", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "NULLABLE", "ORDINAL_POSITION", "IS_NULLABLE");
            print(m.getColumns(null, "kinds", "nested", "%s"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS");
            print(m.getColumns(null, "pg_catalog", "pg_namespace", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "NULLABLE");
            print(m.getBestRowIdentifier(null, "city", "metro_stations", DatabaseMetaData.bestRowSession, true));
            print(m.getVersionColumns(null, "city", "metro_stations"));
            print(m.getPseudoColumns(null, "city", "metro_stations", "%"));
        }
    }

    static void keys() throws Exception {
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            for (String table : List.of("metro_stations", "metro_trips")) {
                attempt(() -> print(m.getPrimaryKeys(null, "city", table), "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "KEY_SEQ", "PK_NAME"));
                String[] foreign = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ", "UPDATE_RULE", "DELETE_RULE", "FK_NAME", "PK_NAME", "DEFERRABILITY"};
                attempt(() -> print(m.getImportedKeys(null, "city", table), foreign));
                attempt(() -> print(m.getExportedKeys(null, "city", table), foreign));
                attempt(() -> print(m.getIndexInfo(null, "city", table, false, true)));
            }
            attempt(() -> print(m.getCrossReference(null, "city", "metro_stations", null, "city", "metro_trips"), "PKTABLE_NAME", "FKCOLUMN_NAME"));
        }
    }

    static void typeInfo() throws Exception {
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            try (ResultSet r = m.getTypeInfo()) {
                Set<String> wanted = Set.of("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "bytea", "date", "time", "timestamp", "timestamptz", "interval", "uuid",
                        "json", "jsonb", "_int4", "_text", "oid", "name");
                while (r.next()) {
                    if (wanted.contains(r.getString(1))) {
                        System.out.println(r.getString(1) + "|" + r.getInt(2) + "|" + r.getInt(3) + "|" + r.getString(4) + "|" + r.getString(6) + "|" + r.getBoolean(8) + "|" + r.getInt(9) + "|" + r.getBoolean(12)
                                + "|" + r.getInt(15));
                    }
                }
            }
            print(m.getUDTs(null, "city", "%", null));
            query(c, "select typname, typelem::regtype, typtype, typarray::regtype from pg_type where typname in ('int4', '_text', 'date', 'jsonb') order by 1");
        }
    }

    static void functions() throws Exception {
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            print(m.getFunctions(null, "pg_catalog", "date\\_tru%"), "FUNCTION_SCHEM", "FUNCTION_NAME", "FUNCTION_TYPE");
            print(m.getFunctionColumns(null, "pg_catalog", "btrim", "%"), "FUNCTION_NAME", "COLUMN_TYPE", "DATA_TYPE", "TYPE_NAME", "ORDINAL_POSITION");
            print(m.getProcedures(null, "city", "%"));
            print(m.getProcedureColumns(null, "city", "%", "%"));
            System.out.println(m.getNumericFunctions() + m.getStringFunctions() + m.getTimeDateFunctions());
            for (String sql : List.of("select {fn ucase('x')}, {fn concat('a', 'b')}, {fn length('abc')}", "select {d '2024-02-29'}, {t '12:00:00'}, {ts '2024-02-29 12:00:00'}",
                    "select {fn timestampadd(SQL_TSI_DAY, 3, {ts '2024-02-29 12:00:00'})}, {fn dayofweek({d '2024-02-29'})}, {fn month({d '2024-02-29'})}, {fn monthname({d '2024-02-29'})}, {fn quarter({d '2024-02-29'})}",
                    "select {fn locate('b', 'abc')}, {fn left('abc', 2)}, {fn mod(7, 3)}, {fn power(2, 3)}, {fn log10(100)}, {fn ceiling(1.2)}, {fn round(1.25, 1)}, {fn truncate(1.29, 1)}, {fn ifnull(null, 1)}",
                    "select count(*) from {oj city.metro_trips t left outer join city.metro_stations s on t.from_station = s.station_id}", "select 'a%b' like 'a!%b' {escape '!'}", "select {fn insert('abcdef', 2, 3, 'X')}, {fn space(2)}, {fn char(65)}, {fn ascii('A')}, {fn repeat('ab', 2)}, {fn degrees(pi())}, {fn cot(1.0)}, {fn atan2(1, 2)}")) {
                attempt(() -> query(c, sql));
            }
        }
    }

    static void privileges() throws Exception {
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            try (ResultSet r = m.getTablePrivileges(null, "city", "metro_stations")) {
                boolean select = false;
                while (r.next()) {
                    select |= r.getString("PRIVILEGE").equals("SELECT");
                }
                System.out.println(select);
            }
            try (ResultSet r = m.getColumnPrivileges(null, "city", "metro_stations", "name")) {
                boolean select = false;
                while (r.next()) {
                    select |= r.getString("PRIVILEGE").equals("SELECT");
                }
                System.out.println(select);
            }
        }
    }

    static void resultMetaData() throws Exception {
        try (Connection c = open("prepareThreshold", "-1");
                PreparedStatement s = c.prepareStatement("select t.trip_id, t.fare as price, s.name, 1 as one, 'x'::varchar(7), 1.5::numeric(8,3), null as none, t.entered_at::timestamptz(3), array[1]"
                        + " from city.metro_trips t join city.metro_stations s on s.station_id = t.from_station")) {
            ResultSetMetaData m = s.getMetaData();
            for (int i = 1; i <= m.getColumnCount(); i++) {
                System.out.println(m.getColumnLabel(i) + "|" + m.getColumnName(i) + "|" + m.getTableName(i) + "|" + m.getSchemaName(i) + "|" + ((org.postgresql.PGResultSetMetaData) m).getBaseColumnName(i) + "|"
                        + ((org.postgresql.PGResultSetMetaData) m).getBaseTableName(i) + "|" + m.getColumnTypeName(i) + "|" + m.getColumnType(i) + "|" + m.getPrecision(i) + "|" + m.getScale(i) + "|"
                        + m.getColumnDisplaySize(i) + "|" + m.isNullable(i) + "|" + m.isSigned(i) + "|" + m.isAutoIncrement(i) + "|" + m.isCaseSensitive(i) + "|" + m.isCurrency(i));
            }
            ResultSetMetaData k = c.prepareStatement(SCALARS).getMetaData();
            for (int i = 1; i <= k.getColumnCount(); i++) {
                System.out.println(k.getColumnName(i) + "|" + k.getColumnTypeName(i) + "|" + k.getPrecision(i) + "|" + k.getScale(i) + "|" + k.isNullable(i));
            }
        }
    }

    static void parameterMetaData() throws Exception {
        try (Connection c = open()) {
            for (String sql : List.of("select * from kinds.scalars where id = ? and words = ? and exact > ? and at < ? and flag = ? and day = ? and double = ? and bytes = ? and large in (?, ?)", "select ?, ? || 'x', ? + 1, ?::date",
                    "select * from city.metro_trips limit ? offset ?", "select lower(?), substr(?, ?), ? is null", "select ? = any(ints) from kinds.nested", "select case when ? then ? else 1.5 end", "select coalesce(?, 1), ? between 1 and 2.5, date_trunc(?, now()), ? like 'a'", "select id from kinds.nested where words = ?", "select id from kinds.scalars where (id, words) = (?, ?)", "values (?, ?::int)")) {
                attempt(() -> {
                    try (PreparedStatement s = c.prepareStatement(sql)) {
                        ParameterMetaData m = s.getParameterMetaData();
                        StringJoiner line = new StringJoiner(" ");
                        for (int i = 1; i <= m.getParameterCount(); i++) {
                            line.add(m.getParameterTypeName(i) + "/" + m.getParameterClassName(i));
                        }
                        System.out.println(line);
                    }
                });
            }
        }
    }

    static void database() throws Exception {
        try (Connection c = open()) {
            DatabaseMetaData m = c.getMetaData();
            System.out.println(m.getMaxColumnNameLength() + " " + m.getSQLKeywords().length() + " " + m.getMaxIndexLength() + " " + m.getDefaultTransactionIsolation() + " " + m.getIdentifierQuoteString() + " "
                    + m.supportsStoredFunctionsUsingCallSyntax());
            System.out.println(m.getSQLKeywords());
            System.out.println(c.getCatalog().equals(System.getenv("PGDATABASE")) + " " + m.getUserName().equals(System.getenv("PGUSER")));
            // What pools and tools ask.
            query(c, "SELECT 1");
            query(c, "select current_schema(), current_user = session_user, current_catalog = current_database()");
            query(c, "SHOW TRANSACTION ISOLATION LEVEL");
            query(c, "select name, setting from pg_settings where name in ('max_index_keys', 'DateStyle', 'standard_conforming_strings') order by name");
        }
    }

    static void pool() throws Exception {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(open());
        }
        int alive = 0;
        for (Connection c : all) {
            alive += c.isValid(1) ? 1 : 0;
            try (Statement s = c.createStatement()) {
                s.execute("DISCARD ALL");
            }
            c.close();
        }
        System.out.println(alive);
        // Two at a time on one table.
        var workers = new ArrayList<Thread>();
        var sums = Collections.synchronizedList(new ArrayList<Long>());
        for (int w = 0; w < 4; w++) {
            Thread t = new Thread(() -> attempt(() -> {
                try (Connection c = open(); Statement s = c.createStatement()) {
                    for (int i = 0; i < 5; i++) {
                        ResultSet r = s.executeQuery("select sum(trip_id) from city.metro_trips");
                        r.next();
                        sums.add(r.getLong(1));
                    }
                }
            }));
            t.start();
            workers.add(t);
        }
        for (Thread t : workers) {
            t.join();
        }
        System.out.println(sums.size() + " " + new TreeSet<>(sums));
    }
}
