# Prints "LINES FILE FUNCTION" for each function: they begin with a name in
# the first column and end with a brace there.
/^[a-z_][a-z0-9_]*\(/ { name = $0; sub(/\(.*/, "", name) }
/^\{/ { start = FNR }
/^\}/ && name != "" { print FNR - start - 1, FILENAME, name; name = "" }
