/* psqlODBC as Excel, Power BI and others drive it. */
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pthread.h>

static SQLHENV env;
static SQLHDBC db;

static void fail(SQLSMALLINT type, SQLHANDLE handle) {
    SQLCHAR state[6] = "", message[600] = "";
    SQLINTEGER native;
    SQLSMALLINT length;
    SQLGetDiagRec(type, handle, 1, state, &native, message, sizeof message, &length);
    /* The message's first line; hints are each server's own. */
    char *told = strstr((char *)message, "FATAL:"), *end = strchr((char *)message, '\n');
    if (end) {
        *end = 0;
    }
    printf("! %s %s\n", state, told ? told : (char *)message);
}

static SQLHDBC open_db(const char *more) {
    char text[600];
    SQLHDBC c;
    const char *password = getenv("PGPASSWORD"), *mode = getenv("PGSSLMODE");
    snprintf(text, sizeof text, "%s;Driver=PostgreSQL Unicode;Server=%s;Port=%s;Database=%s;Uid=%s;Pwd=%s;SSLmode=%s", more, getenv("PGHOST"), getenv("PGPORT"), getenv("PGDATABASE"), getenv("PGUSER"), password ? password : "none", mode ? mode : "prefer");
    SQLAllocHandle(SQL_HANDLE_DBC, env, &c);
    if (!SQL_SUCCEEDED(SQLDriverConnect(c, NULL, (SQLCHAR *)text, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT))) {
        fail(SQL_HANDLE_DBC, c);
        SQLFreeHandle(SQL_HANDLE_DBC, c);
        return NULL;
    }
    return c;
}

static void close_db(SQLHDBC c) {
    if (c) {
        SQLEndTran(SQL_HANDLE_DBC, c, SQL_ROLLBACK);
        SQLDisconnect(c);
        SQLFreeHandle(SQL_HANDLE_DBC, c);
    }
}

static SQLHSTMT statement(void) {
    SQLHSTMT s;
    SQLAllocHandle(SQL_HANDLE_STMT, db, &s);
    return s;
}

/* Heads with their types, and the rows; with `only` (column numbers, 0 at the end) no more than those. */
static void show(SQLHSTMT s, SQLRETURN done, const int *only) {
    if (!SQL_SUCCEEDED(done)) {
        fail(SQL_HANDLE_STMT, s);
        SQLFreeHandle(SQL_HANDLE_STMT, s);
        return;
    }
    do {
        SQLSMALLINT columns = 0;
        SQLNumResultCols(s, &columns);
        printf("=");
        for (int i = 1; i <= columns; i++) {
            SQLCHAR name[200], type[100] = "", table[100] = "";
            SQLSMALLINT n, kind, digits, nullable;
            SQLULEN size;
            SQLDescribeCol(s, i, name, sizeof name, &n, &kind, &size, &digits, &nullable);
            SQLColAttribute(s, i, SQL_DESC_TYPE_NAME, type, sizeof type, &n, NULL);
            SQLColAttribute(s, i, SQL_DESC_BASE_TABLE_NAME, table, sizeof table, &n, NULL);
            if (!only) {
                printf(" %s:%d:%s:%lu:%d:%d:%s", name, kind, type, (unsigned long)size, digits, nullable, table);
            }
        }
        printf("\n");
        int rows = 0;
        SQLRETURN fetched;
        for (; columns && SQL_SUCCEEDED(fetched = SQLFetch(s)); rows++) {
            for (int i = 1, k = 0; i <= columns; i++) {
                static SQLCHAR value[20000];
                SQLLEN length;
                if (only) {
                    if (only[k] != i) {
                        continue;
                    }
                    k++;
                }
                SQLGetData(s, i, SQL_C_CHAR, value, sizeof value, &length);
                printf("%s|", length == SQL_NULL_DATA ? "NULL" : (char *)value);
            }
            printf("\n");
        }
        if (columns && fetched == SQL_ERROR) {
            fail(SQL_HANDLE_STMT, s);
        }
        printf("(%d)\n", rows);
    } while (SQL_SUCCEEDED(SQLMoreResults(s)));
    SQLFreeHandle(SQL_HANDLE_STMT, s);
}

static void query(const char *sql) {
    SQLHSTMT s = statement();
    show(s, SQLExecDirect(s, (SQLCHAR *)sql, SQL_NTS), NULL);
}

#define TEXT(s) (SQLCHAR *)(s), SQL_NTS

static void types(void) {
    query("select id, flag, small, medium, large, single, double, exact, wide, words, day, clock, at, at_zone, key, doc from kinds.scalars where id <> 5 order by id");
    query("select id, bytes from kinds.scalars where id < 4 order by id");
    query("select * from kinds.nested order by id");
    query("select * from kinds.edges order by id");
    query("select * from names.odd order by id");
    query("select * from city.metro_stations order by station_id");
    query("select 1, 2147483648, 1.5, 'x', null, 'a'::char(3), 'b'::varchar(5), 1.5::numeric(10,4), '1 day'::interval, current_date is null");
    query("select {d '2024-02-29'}, {ts '2024-02-29 12:00:00'}, {fn upper('x')}, {fn length('abc')}, {fn now()} is null, {fn concat('a', 'b')}, {fn left('abc', 2)}, {fn year({d '2024-02-29'})}, {fn dayofweek({d '2024-02-29'})}");
    query("select s.name from {oj city.metro_stations s left outer join city.metro_trips t on t.from_station = s.station_id and t.trip_id < 3} order by 1");
}

static void parameters(void) {
    SQLHSTMT s = statement();
    SQLINTEGER id = 1;
    double number = 0.5;
    char words[] = "plain", day[] = "2024-02-29";
    SQLLEN ind[4] = {0, 0, SQL_NTS, SQL_NTS};
    SQL_TIMESTAMP_STRUCT at = {2024, 1, 1, 0, 0, 0, 0};
    SQLSMALLINT count = 0;
    if (SQL_SUCCEEDED(SQLPrepare(s, TEXT("select id, words from kinds.scalars where id = ? and words = ?")))) {
        SQLNumParams(s, &count);
        printf("%d parameters:", count);
        for (int i = 1; i <= count; i++) {
            SQLSMALLINT type = 0, digits, nullable;
            SQLULEN size;
            SQLRETURN done = SQLDescribeParam(s, i, &type, &size, &digits, &nullable);
            printf(" %d/%d", done, type);
        }
        printf("\n");
    }
    SQLBindParameter(s, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &id, 0, &ind[0]);
    SQLBindParameter(s, 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 20, 0, words, sizeof words, &ind[2]);
    show(s, SQLExecute(s), NULL);
    s = statement();
    SQLBindParameter(s, 1, SQL_PARAM_INPUT, SQL_C_DOUBLE, SQL_DOUBLE, 0, 0, &number, 0, &ind[0]);
    SQLBindParameter(s, 2, SQL_PARAM_INPUT, SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP, 26, 6, &at, 0, &ind[1]);
    show(s, SQLExecDirect(s, TEXT("select id from kinds.scalars where double < ? and at > ? order by id")), NULL);
    s = statement();
    SQLBindParameter(s, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_TYPE_DATE, 10, 0, day, sizeof day, &ind[2]);
    show(s, SQLExecDirect(s, TEXT("select id from kinds.scalars where day = ?")), NULL);
    s = statement();
    SQLBindParameter(s, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_DECIMAL, 12, 3, "1.5", 4, &ind[2]);
    show(s, SQLExecDirect(s, TEXT("select id from kinds.scalars where exact > ? order by id")), NULL);
    s = statement();
    SQLBindParameter(s, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_LONGVARCHAR, 20, 0, "é%", 4, &ind[2]);
    ind[1] = SQL_NULL_DATA;
    SQLBindParameter(s, 2, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &id, 0, &ind[1]);
    show(s, SQLExecDirect(s, TEXT("select ? || '!', ? is null")), NULL);
    s = statement();
    SQLBindParameter(s, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &id, 0, &ind[0]);
    show(s, SQLExecDirect(s, TEXT("select 10 / (? - 1)")), NULL);
    s = statement();
    SQLPrepare(s, TEXT("select words from kinds.scalars where id = ?"));
    SQLBindParameter(s, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &id, 0, &ind[0]);
    for (id = 1; id < 4; id++) {
        SQLCHAR value[200];
        SQLLEN length;
        SQLExecute(s);
        while (SQL_SUCCEEDED(SQLFetch(s))) {
            SQLGetData(s, 1, SQL_C_CHAR, value, sizeof value, &length);
            printf("%s\n", value);
        }
        SQLCloseCursor(s);
    }
    SQLFreeHandle(SQL_HANDLE_STMT, s);
}

static void *cancel_soon(void *s) {
    /* Long enough for the statement to run by then: a cancel that comes earlier reaches nothing. */
    usleep(1000000);
    SQLCancel(s);
    return NULL;
}

static void metadata(void) {
    static const int tables[] = {2, 3, 4, 5, 0}, columns[] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0}, keys[] = {2, 3, 4, 5, 6, 0}, foreign[] = {2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0}, statistics[] = {2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 0}, names[] = {3, 0}, schemas[] = {2, 0},
                     typed[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
    SQLHSTMT s = statement();
    show(s, SQLTables(s, NULL, 0, TEXT("city"), TEXT("%"), TEXT("TABLE,VIEW")), tables);
    s = statement();
    show(s, SQLTables(s, NULL, 0, TEXT("kinds"), TEXT("s%"), NULL, 0), tables);
    s = statement();
    show(s, SQLTables(s, TEXT(""), TEXT("_i%"), TEXT(""), NULL, 0), schemas);
    s = statement();
    show(s, SQLColumns(s, NULL, 0, TEXT("city"), TEXT("metro\\_%"), TEXT("%")), columns);
    s = statement();
    show(s, SQLColumns(s, NULL, 0, TEXT("kinds"), TEXT("scalars"), NULL, 0), columns);
    s = statement();
    show(s, SQLColumns(s, NULL, 0, TEXT("names"), TEXT("odd"), TEXT("%e%")), columns);
    s = statement();
    show(s, SQLPrimaryKeys(s, NULL, 0, TEXT("city"), TEXT("metro_stations")), keys);
    s = statement();
    show(s, SQLForeignKeys(s, NULL, 0, NULL, 0, NULL, 0, NULL, 0, TEXT("city"), TEXT("metro_trips")), foreign);
    s = statement();
    show(s, SQLForeignKeys(s, NULL, 0, TEXT("city"), TEXT("metro_stations"), NULL, 0, NULL, 0, NULL, 0), foreign);
    s = statement();
    show(s, SQLStatistics(s, NULL, 0, TEXT("city"), TEXT("metro_stations"), SQL_INDEX_ALL, SQL_QUICK), statistics);
    s = statement();
    show(s, SQLSpecialColumns(s, SQL_BEST_ROWID, NULL, 0, TEXT("city"), TEXT("metro_stations"), SQL_SCOPE_SESSION, SQL_NULLABLE), typed);
    s = statement();
    show(s, SQLSpecialColumns(s, SQL_ROWVER, NULL, 0, TEXT("city"), TEXT("metro_stations"), SQL_SCOPE_SESSION, SQL_NULLABLE), typed);
    s = statement();
    show(s, SQLTablePrivileges(s, NULL, 0, TEXT("city"), TEXT("metro_stations")), names);
    s = statement();
    show(s, SQLProcedures(s, NULL, 0, TEXT("city"), TEXT("%")), names);
    s = statement();
    show(s, SQLGetTypeInfo(s, SQL_ALL_TYPES), typed);
    s = statement();
    show(s, SQLGetTypeInfo(s, SQL_INTEGER), typed);
}

int main(void) {
    static const SQLUSMALLINT infos[] = {SQL_DBMS_NAME, SQL_DBMS_VER, SQL_IDENTIFIER_QUOTE_CHAR, SQL_DATA_SOURCE_READ_ONLY, SQL_CATALOG_TERM, SQL_SCHEMA_TERM, SQL_KEYWORDS, SQL_SEARCH_PATTERN_ESCAPE};
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("## psqlODBC 13.02\n");
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env);
    SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (void *)SQL_OV_ODBC3, 0);
    printf("# connect\n");
    db = open_db("");
    if (!db) {
        return 1;
    }
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        SQLCHAR value[5000];
        SQLSMALLINT n;
        SQLGetInfo(db, infos[i], value, sizeof value, &n);
        printf("%d %.40s\n", infos[i], infos[i] == SQL_DBMS_VER ? "15" + 2 * strncmp((char *)value, "15", 2) : (char *)value);
    }
    query("select current_user, current_setting('client_encoding'), current_setting('extra_float_digits'), current_setting('datestyle')");
    close_db(open_db("ReadOnly=1;ConnSettings=set search_path to kinds;A6=set timezone to 'UTC'"));
    SQLHDBC ansi = open_db("Driver=PostgreSQL ANSI");
    printf("%s\n", ansi ? "ANSI" : "no");
    close_db(ansi);

    printf("# types-text\n");
    types();
    printf("# types-binary\n");
    query("select id, bytes, key, ints from kinds.scalars join kinds.nested using (id) order by id limit 3");
    printf("# parameters\n");
    parameters();
    close_db(db);
    db = open_db("UseServerSidePrepare=0;ByteaAsLongVarBinary=1;BoolsAsChar=0;MaxVarcharSize=100");
    printf("# prepared\n");
    parameters();
    query("select id, flag, words from kinds.scalars where id < 3 order by id");
    close_db(db);

    printf("# cursor\n");
    db = open_db("UseDeclareFetch=1;Fetch=300");
    query("select count(*) from city.metro_trips");
    SQLHSTMT s = statement();
    long rows = 0, sum = 0;
    if (!SQL_SUCCEEDED(SQLExecDirect(s, TEXT("select trip_id from city.metro_trips order by trip_id")))) {
        fail(SQL_HANDLE_STMT, s);
    }
    while (SQL_SUCCEEDED(SQLFetch(s))) {
        SQLINTEGER id;
        SQLLEN length;
        SQLGetData(s, 1, SQL_C_SLONG, &id, 0, &length);
        rows++;
        sum += id;
    }
    printf("%ld %ld\n", rows, sum);
    SQLFreeHandle(SQL_HANDLE_STMT, s);
    s = statement();
    SQLSetStmtAttr(s, SQL_ATTR_CURSOR_TYPE, (void *)SQL_CURSOR_STATIC, 0);
    SQLExecDirect(s, TEXT("select trip_id from city.metro_trips order by trip_id"));
    static const SQLSMALLINT moves[] = {SQL_FETCH_LAST, SQL_FETCH_PRIOR, SQL_FETCH_ABSOLUTE, SQL_FETCH_RELATIVE, SQL_FETCH_FIRST};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        SQLCHAR value[30] = "";
        SQLLEN length;
        SQLRETURN done = SQLFetchScroll(s, moves[i], i == 2 ? 2000 : -7);
        if (SQL_SUCCEEDED(done)) {
            SQLGetData(s, 1, SQL_C_CHAR, value, sizeof value, &length);
        }
        printf("%d %s\n", done, value);
    }
    SQLFreeHandle(SQL_HANDLE_STMT, s);
    query("select * from nothing");
    query("select station_id from city.metro_stations order by 1");
    close_db(db);
    db = open_db("");

    printf("# transactions\n");
    SQLSetConnectAttr(db, SQL_ATTR_AUTOCOMMIT, (void *)SQL_AUTOCOMMIT_OFF, 0);
    query("select 1");
    query("select 1/0");
    query("select 2");
    printf("%d\n", SQLEndTran(SQL_HANDLE_DBC, db, SQL_ROLLBACK));
    for (long level = 1; level <= 8; level *= 2) {
        printf("%d\n", SQLSetConnectAttr(db, SQL_ATTR_TXN_ISOLATION, (void *)level, 0));
        query("show transaction_isolation");
        SQLEndTran(SQL_HANDLE_DBC, db, SQL_COMMIT);
    }
    SQLSetConnectAttr(db, SQL_ATTR_AUTOCOMMIT, (void *)SQL_AUTOCOMMIT_ON, 0);

    printf("# errors\n");
    static const char *errors[] = {"selec 1", "select nope from city.metro_trips", "select * from nothing", "select 1/0", "select 'x'::int", "select nofunc(1)", "insert into city.metro_trips values (1)", "select 1; select 2, 'x'", "select 1; select nope", ""};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        query(errors[i]);
    }

    printf("# cancel\n");
    s = statement();
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_soon, s);
    show(s, SQLExecDirect(s, TEXT("select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b")), NULL);
    pthread_join(thread, NULL);
    s = statement();
    SQLSetStmtAttr(s, SQL_ATTR_QUERY_TIMEOUT, (void *)1, 0);
    show(s, SQLExecDirect(s, TEXT("select pg_sleep(20)")), NULL);
    query("select 'after'");

    printf("# metadata\n");
    metadata();
    close_db(db);
    return 0;
}
