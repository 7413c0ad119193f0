package cisco

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

// file writes a profile of parameters.
func file(name string, params ...[2]string) foreign.File {
	var b strings.Builder
	b.WriteString("<flat-profile>\n")
	for _, p := range params {
		var value strings.Builder
		if err := xml.EscapeText(&value, []byte(p[1])); err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "<%s ua=\"na\">%s</%s>\n", p[0], value.String(), p[0])
	}
	b.WriteString("</flat-profile>\n")
	return foreign.File{Name: name, Data: []byte(b.String())}
}

// account is what every example builds on.
var account = [][2]string{{"User_ID_1_", "1001"}, {"Password_1_", "s3cret"}, {"Proxy_1_", "pbx.example"}}

func TestExamples(t *testing.T) {
	covered := map[string]bool{}
	for _, e := range foreigntest.Examples(t, "testdata/examples.txt") {
		t.Run(fmt.Sprintf("line %d %s", e.Line, e.Params[0][0]), func(t *testing.T) {
			r, err := Import(foreign.Opts{}, file("account", account...), file("example", e.Params...))
			if err != nil {
				t.Fatal(err)
			}
			e.Check(t, r)
		})
		for _, p := range e.Params {
			base, _, _ := split(p[0])
			covered[base] = true
		}
	}
	for _, row := range table().Rows {
		if row.Reason == "" && !slices.ContainsFunc(row.Names, func(n string) bool { return covered[n] }) {
			t.Errorf("no example of %s", row.Names[0])
		}
	}
}

// TestKnownParameters imports every parameter of the table with a value that no
// parameter has: the document stays valid, and each is accounted for.
func TestKnownParameters(t *testing.T) {
	for _, value := range []string{"", "0", "1", "-1", "Yes", "1e999", "99999999999999999999", "x y", "(", "\t", "{$x}"} {
		params := slices.Clone(account)
		for _, row := range table().Rows {
			name := row.Names[0]
			if row.Reason == "" && row.Scope == foreign.PerLine && !ring(name) {
				name += "_2_"
			}
			params = append(params, [2]string{name, value})
		}
		r, err := Import(foreign.Opts{}, file("all", params...))
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		if _, err := config.Parse("all", r.Document); err != nil {
			t.Errorf("%q: %v", value, err)
		}
		if len(table().Rows) < 500 {
			t.Errorf("%d parameters are known, want more than 500", len(table().Rows))
		}
	}
}

func TestWhatCannotBeHadIsNotHadWithoutProtection(t *testing.T) {
	for _, p := range [][2]string{{"SIP_Transport_1_", "TLS"}, {"Secure_Call_Option_1_", "Required"}} {
		r, err := Import(foreign.Opts{}, file("account", account...), file("example", p))
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse("imported", r.Document)
		if err != nil {
			t.Fatal(err)
		}
		// Either the agent can do it by now, or the line is not in service.
		weaker := c.Lines[0].Enabled && !strings.Contains(string(r.Document), `"tls"`) && !strings.Contains(string(r.Document), `"required"`)
		if weaker || c.Lines[0].Enabled == r.Invalid() {
			t.Errorf("%s: enabled %v, findings %v", p[0], c.Lines[0].Enabled, r.Findings)
		}
	}
}

func TestLaterFilesComplete(t *testing.T) {
	common := file("common.xml", [2]string{"Dial_Plan_1_", "(xxxx)"}, [2]string{"Dial_Plan_2_", "(xxx)"}, [2]string{"Proxy_1_", "old.example"}, [2]string{"Proxy_2_", "pbx.example"}, [2]string{"Outbound_Proxy_1_", "edge.example"})
	own := file("own.xml", append(slices.Clone(account), [2]string{"Outbound_Proxy_1_", ""})...)
	r, err := Import(foreign.Opts{}, common, own)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("imported", r.Document)
	if err != nil {
		t.Fatal(err)
	}
	l := c.Lines[0]
	if len(c.Lines) != 2 || l.SIP.Registrar != "pbx.example:5060" || l.Dial.Plan != "(xxxx)" || l.SIP.OutboundProxy != "" || l.SIP.User != "1001" {
		t.Errorf("line 1: %+v", l)
	}
	if c.Lines[1].Enabled || r.Invalid() {
		t.Errorf("line 2, without an account: enabled %v, %v", c.Lines[1].Enabled, r.Findings)
	}
}

func TestDoubledAndNested(t *testing.T) {
	text := `<flat-profile>
  <User_ID_1_>1</User_ID_1_><User_ID_1_>1001</User_ID_1_>
  <Password_1_>a&b</Password_1_><Proxy_1_>pbx.example</Proxy_1_>
  <router-configuration><WAN_VLAN_Setting><WAN_VLAN_ID>3</WAN_VLAN_ID><Line_Enable_1_>No</Line_Enable_1_></WAN_VLAN_Setting></router-configuration>
</flat-profile>`
	r, err := Import(foreign.Opts{Ports: 2}, foreign.File{Name: "f.xml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("imported", r.Document)
	if err != nil {
		t.Fatal(err)
	}
	if l := c.Lines[0]; l.SIP.User != "1001" || l.SIP.Password.Reveal() != "a&b" || !l.Enabled {
		t.Errorf("line 1: %+v", l)
	}
	want := []string{
		"f.xml:2:3: ignored: User_ID_1_: a later one in the same file takes its place",
		"f.xml:3:17: lossy: '&' stands alone here, read as '&amp;'",
		"f.xml:4:71: ignored: Line_Enable_1_: a setting of the router",
	}
	for _, w := range want {
		if !slices.ContainsFunc(r.Findings, func(f foreign.Finding) bool { return f.String() == w }) {
			t.Errorf("no finding %q among %v", w, r.Findings)
		}
	}
}

func TestNoSuchLine(t *testing.T) {
	r, err := Import(foreign.Opts{Ports: 1}, file("f.xml", append(slices.Clone(account), [2]string{"Proxy_2_", "x"})...))
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("imported", r.Document)
	if err != nil || len(c.Lines) != 1 {
		t.Errorf("%d lines, %v, want 1", len(c.Lines), err)
	}
}

func TestNotAProfile(t *testing.T) {
	for _, text := range []string{"", "<gs_provision/>", "<flat-profile>", "{}"} {
		_, err := Import(foreign.Opts{}, foreign.File{Name: "f", Data: []byte(text)})
		var wrong *foreign.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%q: %v, want a *foreign.Error", text, err)
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add(file("x", account...).Data)
	f.Add([]byte("<flat-profile><Proxy_1_>a:SRV=b:1:p=0|c</Proxy_1_><Ring1_Cadence>60(1/2)</Ring1_Cadence><Default_Ring_1_>1</Default_Ring_1_></flat-profile>"))
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
