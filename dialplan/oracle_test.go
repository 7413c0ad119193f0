package dialplan

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// The matcher against regular expressions: rules without timers, pauses and
// bars are translated, and for random plans and keys both must agree on which
// rules are complete, on the number of the first of them, and on whether any
// key can follow.
func TestOracle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		rules := make([]string, 1+random.IntN(4))
		for i := range rules {
			rules[i] = randomRule(random)
		}
		keys := randomKeys(random)
		checkOracle(t, rules, keys)
	}
}

const oracleKeys = "12*"

var oracleItems = []string{"1", "2", "x", "[12]", "[2*]", "1.", "x.", "[1*].", "<1:9>", "<:8>", "<x:>", "<12:34>", ","}

func randomRule(random *rand.Rand) string {
	var b strings.Builder
	b.WriteString(oracleItems[random.IntN(7)])
	for range random.IntN(5) {
		b.WriteString(oracleItems[random.IntN(len(oracleItems))])
	}
	return b.String()
}

func randomKeys(random *rand.Rand) string {
	b := make([]byte, 1+random.IntN(6))
	for i := range b {
		b[i] = oracleKeys[random.IntN(len(oracleKeys))]
	}
	return string(b)
}

var substitution = regexp.MustCompile(`<([^:>]*):([^>]*)>`)

// translate returns the expression of a rule and the template of its number:
// each element that keeps its keys is a group, those that drop them are none.
func translate(rule string) (*regexp.Regexp, string) {
	var expr, number strings.Builder
	groups := 0
	rest := rule
	for rest != "" {
		if loc := substitution.FindStringSubmatchIndex(rest); loc != nil && loc[0] == 0 {
			expr.WriteString(keysExpr(rest[loc[2]:loc[3]]))
			number.WriteString(rest[loc[4]:loc[5]])
			rest = rest[loc[1]:]
			continue
		}
		n := 1
		if rest[0] == '[' {
			n = strings.IndexByte(rest, ']') + 1
		}
		item := keysExpr(rest[:n])
		rest = rest[n:]
		if strings.HasPrefix(rest, ".") {
			item, rest = item+"*", rest[1:]
		}
		groups++
		expr.WriteString("(" + item + ")")
		fmt.Fprintf(&number, "${%d}", groups)
	}
	return regexp.MustCompile("^" + expr.String() + "$"), number.String()
}

func keysExpr(keys string) string {
	return strings.NewReplacer("x", "[0-9]", "*", `\*`, ",", "").Replace(keys)
}

func checkOracle(t *testing.T, rules []string, keys string) {
	t.Helper()
	plan := "(" + strings.Join(rules, "|") + ")"
	m := MustParse(plan, Sipura).NewMatch()
	for n := 1; n <= len(keys) && !m.over(); n++ {
		r := m.Key(keys[n-1])
		number, complete := oracleNumber(rules, keys[:n])
		open := oracleOpen(rules, keys[:n])
		want := NoMatch
		switch {
		case complete && open:
			want = Complete
		case complete:
			want = Done
		case open:
			want = Partial
		}
		if r.Status != want || complete && m.Number() != number {
			t.Fatalf("%s %q = %v %q, want %v %q", plan, keys[:n], r, m.Number(), want, number)
		}
	}
}

// oracleNumber returns the number of the first rule that matches.
func oracleNumber(rules []string, keys string) (string, bool) {
	for _, rule := range rules {
		expr, template := translate(rule)
		if !expr.MatchString(keys) {
			continue
		}
		if number := expr.ReplaceAllString(keys, template); number != "" {
			return number, true
		}
	}
	return "", false
}

// oracleOpen tells whether the keys and one more match the beginning of a rule.
func oracleOpen(rules []string, keys string) bool {
	for _, rule := range rules {
		for _, head := range heads(rule) {
			expr, _ := translate(head)
			for _, next := range oracleKeys {
				if expr.MatchString(keys + string(next)) {
					return true
				}
			}
		}
	}
	return false
}

// heads returns the beginnings of a rule, cut behind each element, without what
// its substitutions insert.
func heads(rule string) []string {
	flat := substitution.ReplaceAllString(rule, "$1")
	var list []string
	for i := 1; i <= len(flat); i++ {
		head := flat[:i]
		whole := strings.Count(head, "[") == strings.Count(head, "]") && (i == len(flat) || flat[i] != '.')
		if whole {
			list = append(list, head)
		}
	}
	return list
}
