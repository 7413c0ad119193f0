package grandstream

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/foreign"
	"github.com/ata-agent/ata-agent/provision/foreign/foreigntest"
)

// account is what every example builds on.
var account = [][2]string{{"P35", "1001"}, {"P34", "s3cret"}, {"P47", "pbx.example"}}

// file writes P values as XML.
func file(name, mac string, params ...[2]string) foreign.File {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<gs_provision version=\"1\">\n<mac>%s</mac>\n<config version=\"1\">\n", mac)
	for _, p := range params {
		var value strings.Builder
		if err := xml.EscapeText(&value, []byte(p[1])); err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "<%s>%s </%s>\n", p[0], value.String(), p[0])
	}
	b.WriteString("</config>\n</gs_provision>\n")
	return foreign.File{Name: name, Data: []byte(b.String())}
}

// text writes P values as text.
func text(name string, params ...[2]string) foreign.File {
	var b strings.Builder
	b.WriteString("# made by hand\n\n")
	for _, p := range params {
		fmt.Fprintf(&b, "%s = %s\r\n", p[0], p[1])
	}
	return foreign.File{Name: name, Data: []byte(b.String())}
}

func TestExamples(t *testing.T) {
	covered := map[string]bool{}
	for _, e := range foreigntest.Examples(t, "testdata/examples.txt") {
		t.Run(fmt.Sprintf("line %d %s", e.Line, e.Params[0][0]), func(t *testing.T) {
			var documents []string
			for _, f := range []foreign.File{file("example", "", e.Params...), text("example", e.Params...)} {
				r, err := Import(foreign.Opts{}, file("account", "", account...), f)
				if err != nil {
					t.Fatal(err)
				}
				e.Check(t, r)
				documents = append(documents, string(r.Document))
			}
			if documents[0] != documents[1] {
				t.Errorf("XML and text differ:\n%s\n%s", documents[0], documents[1])
			}
		})
		for _, p := range e.Params {
			covered[p[0]] = true
		}
	}
	for _, row := range table().Rows {
		if row.Reason == "" && !slices.ContainsFunc(row.Names, func(n string) bool { return covered[n] }) {
			t.Errorf("no example of %s", row.Names[0])
		}
	}
}

// TestKnownValues imports every P value of the table with values that hardly any
// has: the document stays valid.
func TestKnownValues(t *testing.T) {
	if len(table().Rows) < 280 {
		t.Errorf("%d P values are known, want 280 or more", len(table().Rows))
	}
	for _, value := range []string{"", "0", "1", "3", "-1", "1e999", "99999999999999999999", "x y", "{", "c=", "{$x}"} {
		params := slices.Clone(account)
		for _, row := range table().Rows {
			for _, name := range row.Names {
				params = append(params, [2]string{name, value})
			}
		}
		r, err := Import(foreign.Opts{}, file("all", "", params...))
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		if _, err := config.Parse("all", r.Document); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestWhatCannotBeHadIsNotHadWithoutProtection(t *testing.T) {
	for _, p := range [][2]string{{"P130", "2"}, {"P183", "2"}} {
		r, err := Import(foreign.Opts{}, file("f", "", append(slices.Clone(account), p)...))
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse("imported", r.Document)
		if err != nil {
			t.Fatal(err)
		}
		weaker := c.Lines[0].Enabled && !strings.Contains(string(r.Document), `"tls"`) && !strings.Contains(string(r.Document), `"required"`)
		if weaker || c.Lines[0].Enabled == r.Invalid() {
			t.Errorf("%s: enabled %v, findings %v", p[0], c.Lines[0].Enabled, r.Findings)
		}
	}
}

func TestOwner(t *testing.T) {
	for _, tt := range []struct {
		file, own string
		ok        bool
	}{
		{"000b82aabbcc", "00:0b:82:aa:bb:cc", true},
		{"00:0B:82:AA:BB:CC", "000b82aabbcc", true},
		{"", "000b82aabbcc", true},
		{"000b82aabbcc", "", true},
		{"000b82aabbcd", "000b82aabbcc", false},
	} {
		r, err := Import(foreign.Opts{MAC: tt.own}, file("f", tt.file, account...))
		var wrong *foreign.Error
		if tt.ok && (err != nil || r.Invalid()) || !tt.ok && (!errors.As(err, &wrong) || wrong.Line != 3) {
			t.Errorf("a file for %q on %q: %v", tt.file, tt.own, err)
		}
	}
}

func TestForms(t *testing.T) {
	for data, want := range map[string]bool{
		"P271=1": true, "\xef\xbb\xbf# x\r\n\r\n P271 = 1": true, "": false, "# x": false, "<gs_provision/>": false, "{}": false, "P = 1": false,
	} {
		if got := IsText([]byte(data)); got != want {
			t.Errorf("IsText(%q) = %v", data, got)
		}
	}
	r, err := Import(foreign.Opts{}, foreign.File{Name: "f", Data: []byte("P35=1001\nP34 = a#b = c \nhello\nP47= pbx.example\nP35=1002\n")})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("imported", r.Document)
	if err != nil || c.Lines[0].SIP.Password.Reveal() != "a#b = c" || c.Lines[0].SIP.User != "1002" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, want := range []string{"f:3:1: invalid: not a P value, as P271 = 1", "f:1:1: ignored: P35: a later one in the same file takes its place"} {
		if !slices.ContainsFunc(r.Findings, func(f foreign.Finding) bool { return f.String() == want }) {
			t.Errorf("no finding %q among %v", want, r.Findings)
		}
	}
}

func TestNotPValues(t *testing.T) {
	for _, data := range []string{"", "<flat-profile/>", "<gs_provision>", "P271 1", strings.Repeat("P1=1\n", 300000)} {
		_, err := Import(foreign.Opts{}, foreign.File{Name: "f", Data: []byte(data)})
		var wrong *foreign.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%.20q: %v, want a *foreign.Error", data, err)
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add(file("x", "", account...).Data)
	f.Add(text("x", append(account, [2]string{"P4061", "2"}, [2]string{"P4200", "{x+|^9}"}, [2]string{"P66", "0"})...).Data)
	f.Add([]byte("P402=a\nP404=b\nP406=c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Import(foreign.Opts{}, foreign.File{Name: "f", Data: data})
		if err != nil {
			return
		}
		if _, err := config.Parse("f", r.Document); err != nil {
			t.Errorf("the document is not valid: %v\n%s", err, r.Document)
		}
	})
}
