package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// key is what the tags of a field say.
type key struct {
	name string
	def  string
	has  bool // default given
	doc  string
	enum []string
	min  float64
	max  float64
	step float64
	span bool // range given: of the value, or of the length of a string or list
	typ  reflect.Type
}

func keyOf(f reflect.StructField) key {
	k := key{name: f.Tag.Get("json"), doc: f.Tag.Get("doc"), typ: f.Type}
	k.def, k.has = f.Tag.Lookup("default")
	if e := f.Tag.Get("enum"); e != "" {
		k.enum = strings.Split(e, ",")
	}
	if lo, hi, ok := strings.Cut(f.Tag.Get("range"), ".."); ok {
		k.span = true
		k.min, _ = strconv.ParseFloat(lo, 64)
		k.max, _ = strconv.ParseFloat(hi, 64)
	}
	k.step, _ = strconv.ParseFloat(f.Tag.Get("step"), 64)
	return k
}

// unit is the Go duration of one unit of the key's number, or 0.
func unitOf(t reflect.Type) time.Duration {
	switch t {
	case reflect.TypeFor[Seconds]():
		return time.Second
	case reflect.TypeFor[Milliseconds]():
		return time.Millisecond
	}
	return 0
}

// allowed says in words what the key may be.
func (k key) allowed() string {
	if len(k.enum) > 0 {
		return "one of " + strings.Join(quoted(k.enum), ", ")
	}
	if !k.span {
		return ""
	}
	bounds := fmt.Sprintf("%s to %s", number(k.min), number(k.max))
	switch k.typ.Kind() {
	case reflect.String:
		return bounds + " characters"
	case reflect.Slice:
		return bounds + " entries"
	}
	if k.step > 1 {
		bounds += " in steps of " + number(k.step)
	}
	switch unitOf(k.typ) {
	case time.Second:
		bounds += " seconds"
	case time.Millisecond:
		bounds += " milliseconds"
	}
	return bounds
}

func (k key) inRange(v float64) bool {
	return !k.span || v >= k.min && v <= k.max
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strconv.Quote(s)
	}
	return out
}

// nearest returns the candidate most like s, if one is like it at all.
func nearest(s string, candidates []string) (string, bool) {
	best, at := len(s)/2+1, ""
	for _, c := range candidates {
		if strings.EqualFold(s, c) {
			return c, true
		}
		if d := distance(s, c); d < best {
			best, at = d, c
		}
	}
	return at, at != ""
}

// distance is the number of letters to add, drop or change between a and b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
