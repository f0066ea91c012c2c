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
        feature("parameters", Statements::parameters);
        feature("prepared", Statements::prepared);
        feature("cursor", Statements::cursor);
        feature("queries", Statements::simpleMode);
        feature("transactions", Jdbc::transactions);
        feature("errors", Jdbc::errors);
        feature("notices", Jdbc::notices);
        feature("batch", Jdbc::severalResults);
        feature("batch", Jdbc::batch);
        feature("copy", Jdbc::copy);
        feature("cancel", Jdbc::cancel);
        feature("metadata", Metadata::catalogs);
        feature("metadata", Metadata::tables);
        feature("metadata", Metadata::columns);
        feature("metadata", Metadata::keys);
        feature("metadata", Metadata::typeInfo);
        feature("metadata", Metadata::functions);
        feature("metadata", Metadata::privileges);
        feature("metadata", Metadata::resultMetaData);
        feature("metadata", Metadata::parameterMetaData);
        feature("metadata", Metadata::database);
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
            System.out.println(c.isValid(30) + " " + c.getAutoCommit() + " " + c.isReadOnly() + " " + c.getTransactionIsolation());
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
            Thread other = new Thread(() -> attempt(() -> {
                waitFor(((PGConnection) c).getBackendPID());
                s.cancel();
            }));
            other.start();
            attempt(() -> print(s.executeQuery("select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b")));
            other.join();
            query(c, "select 'alive'");
            s.setQueryTimeout(1);
            attempt(() -> print(s.executeQuery("select pg_sleep(20)")));
            s.setQueryTimeout(0);
            s.execute("set statement_timeout = '200ms'");
            attempt(() -> print(s.executeQuery("select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b")));
            s.execute("reset statement_timeout");
            query(c, "select 'alive'");
        }
    }

    /** Waits until the session runs its slow statement: a cancel that comes earlier, or between two messages, reaches nothing. */
    static void waitFor(int pid) throws Exception {
        try (Connection c = open(); PreparedStatement s = c.prepareStatement("select 1 from pg_stat_activity where pid = ? and state = 'active' and query like '%generate_series%'")) {
            s.setInt(1, pid);
            while (!s.executeQuery().next()) {
                Thread.sleep(20);
            }
            Thread.sleep(200);
        }
    }

    static void pool() throws Exception {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(open());
        }
        int alive = 0;
        for (Connection c : all) {
            alive += c.isValid(30) ? 1 : 0;
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
