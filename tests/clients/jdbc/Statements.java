import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;

/** Parameters, prepared statements and cursors. */
class Statements extends Jdbc {
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
}
