// Package macro expands the names that URLs and rules of provisioning servers
// hold: $MA for the MAC address and the like. What a name stands for is inserted
// as it is and not expanded again; a name nobody knows stays.
package macro

import (
	"strconv"
	"strings"
)

// Names says what each name stands for.
type Names map[string]string

// Expand replaces $NAME, $(NAME), $(NAME:p) and $(NAME:p:q), as Sipura and Cisco
// have them, in text: p is the offset of the first byte that is wanted, q how many
// are. $$ is one dollar sign. A name is the longest run of letters and digits.
func (n Names) Expand(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		value, length := n.macro(rest)
		out.WriteString(value)
		text = rest[length:]
	}
}

// macro returns what the macro at the start of text, behind the dollar sign,
// stands for, and its length.
func (n Names) macro(text string) (value string, length int) {
	if strings.HasPrefix(text, "$") {
		return "$", 1
	}
	if inner, _, closed := strings.Cut(strings.TrimPrefix(text, "("), ")"); closed && text[0] == '(' {
		if value, ok := n.part(inner); ok {
			return value, len(inner) + 2
		}
		return "$", 0
	}
	name := text[:nameLength(text)]
	if value, ok := n[name]; ok {
		return value, len(name)
	}
	return "$", 0
}

// part returns the part of a value that NAME:p:q asks for.
func (n Names) part(text string) (string, bool) {
	name, bounds, cut := strings.Cut(text, ":")
	value, ok := n[name]
	if !ok || !cut {
		return value, ok
	}
	from, count, counted := strings.Cut(bounds, ":")
	start, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return "", false
	}
	value = value[min(int(start), len(value)):]
	if !counted {
		return value, true
	}
	length, err := strconv.ParseUint(count, 10, 16)
	if err != nil {
		return "", false
	}
	return value[:min(int(length), len(value))], true
}

func nameLength(text string) int {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return i
		}
	}
	return len(text)
}

// ExpandBraces replaces {NAME}, as the agent's own URLs and Panasonic have it.
func (n Names) ExpandBraces(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if value, known := n[name]; closed && known {
			out.WriteString(value)
			text = after
			continue
		}
		out.WriteByte('{')
		text = rest
	}
}
