# Prints every scalar of the JSON text on standard input as PATH<tab>VALUE, for example "keys.0.name<tab>mine".
# A line break or tab in a value becomes a space, so that one line is one value whatever a tenant typed.
# Source: RFC 8259.
{ text = text $0 "\n" }
END { value("") }

function token(   found) {
    sub(/^[ \t\r\n]+/, "", text)
    if (!match(text, /^"([^"\\]|\\.)*"/) && !match(text, /^[-+.a-zA-Z0-9]+/)) { RSTART = 1; RLENGTH = 1 }
    found = substr(text, 1, RLENGTH)
    text = substr(text, RLENGTH + 1)
    return found
}

function plain(quoted,   rest, out, at, mark, code) {
    rest = substr(quoted, 2, length(quoted) - 2)
    while ((at = index(rest, "\\")) > 0) {
        out = out substr(rest, 1, at - 1)
        mark = substr(rest, at + 1, 1)
        rest = substr(rest, at + 2)
        if (mark == "u") {
            code = number(substr(rest, 1, 4))
            rest = substr(rest, 5)
            out = out (code >= 32 && code < 127 ? sprintf("%c", code) : (code < 32 ? " " : "?"))
        } else
            out = out (mark ~ /[ntrbf]/ ? " " : mark)
    }
    return out rest
}

function number(hex,   i, n) {
    for (i = 1; i <= length(hex); i++)
        n = n * 16 + index("0123456789abcdef", tolower(substr(hex, i, 1))) - 1
    return n
}

function value(path,   t, key, n, prefix) {
    t = token()
    prefix = (path == "" ? "" : path ".")
    if (t == "{") {
        for (t = token(); t != "}" && t != ""; t = token()) {
            if (t == ",") continue
            key = plain(t); token(); value(prefix key)
        }
    } else if (t == "[") {
        n = 0
        for (sub(/^[ \t\r\n]+/, "", text); substr(text, 1, 1) != "]" && text != ""; sub(/^[ \t\r\n]+/, "", text)) {
            if (substr(text, 1, 1) == ",") { token(); continue }
            value(prefix n++)
        }
        token()
    } else
        print path "\t" (t ~ /^"/ ? plain(t) : t)
}
