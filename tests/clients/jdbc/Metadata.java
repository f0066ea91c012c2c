import java.sql.*;
import java.util.*;

/** DatabaseMetaData and its kin. */
class Metadata extends Jdbc {
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
}
