package foreign

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestReadXML(t *testing.T) {
	text := "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<!-- a & b -->\n<root version=\"2\">\n" +
		"  <A ua=\"na\"> x &amp; y &#38; z\n </A>\n  <B>Tom & Jerry &nbsp; &</B><C>after</C>\n" +
		"  <group><D><![CDATA[a & <b>]]>c</D></group>\n  <E/>\n</root>\n"
	doc, err := ReadXML(File{"f", []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	if doc.Root != "root" || doc.Version != "2" {
		t.Errorf("root %q version %q", doc.Root, doc.Version)
	}
	want := []Entry{
		{"A", "x & y & z", "root", "f", 4, 3},
		{"B", "Tom & Jerry &nbsp; &", "root", "f", 6, 3},
		{"C", "after", "root", "f", 6, 30},
		{"D", "a & <b>c", "group", "f", 7, 10},
		{"E", "", "root", "f", 8, 3},
	}
	if !reflect.DeepEqual(doc.Entries, want) {
		t.Errorf("entries\n%v, want\n%v", doc.Entries, want)
	}
	var found []string
	for _, f := range doc.Findings {
		found = append(found, fmt.Sprintf("%d:%d", f.Line, f.Column))
	}
	if got := strings.Join(found, " "); got != "2:8 6:10" {
		t.Errorf("repaired at %s, want 2:8 6:10", got)
	}
}

func TestReadXMLInLatin1(t *testing.T) {
	doc, err := ReadXML(File{"f", []byte("<a><Name>Caf\xe9 & Bar</Name></a>")})
	if err != nil || doc.Entries[0].Value != "Café & Bar" || len(doc.Findings) != 2 {
		t.Errorf("%+v, %v", doc, err)
	}
}

func TestReadXMLRefuses(t *testing.T) {
	deep := strings.Repeat("<a>", maxDepth+1)
	for name, tt := range map[string]struct {
		text         string
		line, column int
	}{
		"empty":           {"", 1, 1},
		"no element":      {"<!-- x -->\n", 1, 1},
		"document type":   {"<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY x \"y\">]>\n<a>&x;</a>", 2, 1},
		"deep":            {deep, 1, len(deep) - 2},
		"not closed":      {"<a>\n<b>", 2, 4},
		"crossed":         {"<a><b></a></b>", 1, 11},
		"stray bracket":   {"<a><P34>x<hunter2</P34></a>", 1, 18},
		"second root":     {"<a></a>\n<b></b>", 2, 1},
		"control":         {"<a><b>\x01</b></a>", 1, 8},
		"too large":       {"<a>" + strings.Repeat(" ", MaxSize), 1, 1},
		"too many values": {"<a>" + strings.Repeat("<b/>\n", maxEntries+1) + "</a>", maxEntries + 1, 5},
	} {
		_, err := ReadXML(File{"f", []byte(tt.text)})
		var wrong *Error
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v, want an *Error", name, err)
			continue
		}
		if wrong.Line != tt.line || wrong.Column != tt.column {
			t.Errorf("%s: %v, want line %d column %d", name, err, tt.line, tt.column)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v repeats the file", name, err)
		}
	}
}

func TestLatest(t *testing.T) {
	entry := func(name, value, file string, line int) Entry {
		return Entry{Name: name, Value: value, File: file, Line: line}
	}
	latest, doubled := Latest([]Entry{
		entry("A", "1", "f", 1), entry("B", "1", "f", 2), entry("A", "2", "f", 3), entry("A", "2", "f", 4),
		entry("B", "", "g", 1), entry("C", "1", "g", 2),
	})
	if want := []Entry{entry("A", "2", "f", 4), entry("B", "", "g", 1), entry("C", "1", "g", 2)}; !reflect.DeepEqual(latest, want) {
		t.Errorf("latest %v, want %v", latest, want)
	}
	if want := []Entry{entry("A", "1", "f", 1)}; !reflect.DeepEqual(doubled, want) {
		t.Errorf("doubled %v, want %v", doubled, want)
	}
}

func FuzzReadXML(f *testing.F) {
	f.Add([]byte("<a><b>x & y</b>\n<c>&lt;</c></a>"))
	f.Add([]byte("<?xml encoding=\"latin1\"?><a><![CDATA[&]]>\xe9</a>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := ReadXML(File{"f", data})
		if err != nil {
			return
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, e := range doc.Entries {
			if e.Line < 1 || e.Line > lines || e.Column < 1 {
				t.Errorf("%s at %d:%d of %d lines", e.Name, e.Line, e.Column, lines)
			}
		}
	})
}
