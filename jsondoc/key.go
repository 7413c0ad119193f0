package jsondoc

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is what the tags of a field say.
type Key struct {
	Name       string
	Default    string
	HasDefault bool
	Doc        string
	Enum       []string
	Min, Max   float64 // of the value, or of the length of a string or list
	Step       float64 // 0: any
	Ranged     bool    // Min and Max are given
	Type       reflect.Type
}

func keyOf(f reflect.StructField) Key {
	k := Key{Name: f.Tag.Get("json"), Doc: f.Tag.Get("doc"), Type: f.Type}
	k.Default, k.HasDefault = f.Tag.Lookup("default")
	if e := f.Tag.Get("enum"); e != "" {
		k.Enum = strings.Split(e, ",")
	}
	if lo, hi, ok := strings.Cut(f.Tag.Get("range"), ".."); ok {
		k.Ranged = true
		k.Min, _ = strconv.ParseFloat(lo, 64)
		k.Max, _ = strconv.ParseFloat(hi, 64)
	}
	k.Step, _ = strconv.ParseFloat(f.Tag.Get("step"), 64)
	return k
}

// unitOf is the Go duration of one unit of the key's number, or 0.
func unitOf(t reflect.Type) time.Duration {
	switch t {
	case reflect.TypeFor[Seconds]():
		return time.Second
	case reflect.TypeFor[Milliseconds]():
		return time.Millisecond
	}
	return 0
}

// Allowed says in words what the key may be.
func (k Key) Allowed() string {
	if len(k.Enum) > 0 {
		return "one of " + strings.Join(quoted(k.Enum), ", ")
	}
	if !k.Ranged {
		return ""
	}
	bounds := fmt.Sprintf("%s to %s", number(k.Min), number(k.Max))
	switch k.Type.Kind() {
	case reflect.String:
		return bounds + " characters"
	case reflect.Slice:
		return bounds + " entries"
	}
	if k.Step > 1 {
		bounds += " in steps of " + number(k.Step)
	}
	switch unitOf(k.Type) {
	case time.Second:
		bounds += " seconds"
	case time.Millisecond:
		bounds += " milliseconds"
	}
	return bounds
}

// AllowedLength says in words how long the list may be, whatever its entries.
func (k Key) AllowedLength() string {
	k.Enum = nil
	return k.Allowed()
}

func (k Key) inRange(v float64) bool {
	return !k.Ranged || v >= k.Min && v <= k.Max
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

// Walk visits every key of documents of type T in order, the keys of a list's
// entries with 0 for the index.
func Walk[T any](visit func(path []string, k Key)) { walk(reflect.TypeFor[T](), nil, visit) }

func walk(t reflect.Type, path []string, visit func([]string, Key)) {
	for _, k := range keysOf(t) {
		at := append(slices.Clone(path), k.Name)
		visit(at, k)
		switch {
		case k.Type == reflect.TypeFor[Secret]():
		case k.Type.Kind() == reflect.Struct:
			walk(k.Type, at, visit)
		case k.Type.Kind() == reflect.Slice && k.Type.Elem().Kind() == reflect.Struct:
			walk(k.Type.Elem(), append(at, "0"), visit)
		}
	}
}
