-- LuaSQL's postgres driver: simple statements only.
local env = require("luasql.postgres").postgres()
print("## LuaSQL 2.6")
io.stdout:setvbuf("line")

local function open(db)
    return env:connect(db or os.getenv("PGDATABASE"), os.getenv("PGUSER"), os.getenv("PGPASSWORD") or "", os.getenv("PGHOST"), os.getenv("PGPORT"))
end

local function feature(name, work)
    print("# " .. name)
    local db = assert(open())
    work(db)
    db:close()
end

local function show(db, sql)
    local cursor, e = db:execute(sql)
    if not cursor then
        return print("! " .. e:gsub("^.-ERROR:%s*", ""):gsub("\n[HD][IE][NT][TA].*", ""):gsub("%s+", " "))
    end
    if type(cursor) ~= "userdata" then
        return print(cursor)
    end
    print("= " .. table.concat(cursor:getcolnames(), " ") .. " : " .. table.concat(cursor:getcoltypes(), " "))
    local n = cursor:numrows()
    local row = cursor:fetch({}, "n")
    while row do
        local line = {}
        for i = 1, #cursor:getcolnames() do
            line[i] = row[i] == nil and "nil" or tostring(row[i])
        end
        print(table.concat(line, "|"))
        row = cursor:fetch(row, "n")
    end
    print("(" .. n .. ")")
    cursor:close()
end

feature("connect", function(db)
    show(db, "select current_user")
    print((select(2, open("nowhere")):match("FATAL:%s*([^\n]*)")))
end)

feature("types-text", function(db)
    show(db, "select * from kinds.scalars where id <> 5 order by id")
    show(db, "select * from kinds.nested order by id")
    show(db, "select * from kinds.edges order by id")
    show(db, "select 'a'::varchar(9), 1.5::numeric(4,2), 'b'::char(3)")
end)

feature("transactions", function(db)
    print(db:setautocommit(false))
    show(db, "select 1")
    show(db, "select nope")
    show(db, "select 1")
    print(db:rollback())
    show(db, "select 2")
    print(db:commit())
end)

feature("errors", function(db)
    for _, sql in ipairs({ "selec 1", "select nope from city.metro_trips", "select 1/0", "select 'x'::int", "drop table city.metro_trips" }) do
        show(db, sql)
    end
    print(db:escape("it's \\"))
end)
