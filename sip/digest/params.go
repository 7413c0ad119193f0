package digest

import (
	"errors"
	"strings"
)

var (
	errQuote = errors.New("quoted string does not end")
	errParam = errors.New("parameter without scheme or name")
)

// item is an authentication scheme and its parameters.
type item struct {
	scheme string
	params []param
}

type param struct{ name, value string } // name in lower case, value unquoted

// get returns the first parameter of this name.
func (it item) get(name string) (string, bool) {
	for _, p := range it.params {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// parse reads "scheme name=value, name="value", scheme …". RFC 3261 §20.44
// allows one scheme per header field, but some write two.
func parse(text string) ([]item, error) {
	var items []item
	for {
		text = strings.TrimLeft(text, " \t\r\n,")
		if text == "" {
			return items, nil
		}
		word, rest := token(text)
		rest = skipBlanks(rest)
		value, isParam := strings.CutPrefix(rest, "=")
		switch {
		case word == "" || isParam && len(items) == 0:
			return nil, errParam
		case !isParam:
			items, text = append(items, item{scheme: word}), rest
			continue
		}
		value, rest, err := paramValue(skipBlanks(value))
		if err != nil {
			return nil, err
		}
		last := &items[len(items)-1]
		last.params = append(last.params, param{strings.ToLower(word), value})
		text = rest
	}
}

func skipBlanks(s string) string { return strings.TrimLeft(s, " \t\r\n") }

func token(s string) (word, rest string) {
	return cutAny(s, " \t\r\n,=\"")
}

func cutAny(s, chars string) (before, from string) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func paramValue(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		value, rest = cutAny(s, " \t\r\n,")
		return value, rest, nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", errQuote
}

// list writes parameters in the order they are added.
type list struct{ strings.Builder }

func (l *list) raw(name, value string) {
	if l.Len() > 0 {
		l.WriteString(", ")
	}
	l.WriteString(name + "=" + value)
}

// quoted adds a quoted string. What cannot stand in a header is left out.
func (l *list) quoted(name, value string) {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(value) {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c != 0x7f:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	l.raw(name, b.String())
}
