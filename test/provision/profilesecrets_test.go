//go:build provision

package provision

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/test/peer"
)

// TestSecretsOfProfiles plants secrets where profiles of several files and the
// owner's settings have them: in rules, their options and URLs, in parameters, in
// files that are refused, in the URL of the server, in what is set by hand. None is
// in what the device says, and the tokens of URLs go to their server alone.
func TestSecretsOfProfiles(t *testing.T) {
	t.Parallel()
	s := plants()
	for i := range s {
		s[i] = "p" + s[i] // not those of the other test
	}
	const tokens = 2 // the first two are in URLs, which their server hears
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "100", Password: s[2]})
	p := newProvider(t)
	section := p.section()
	section["url"] = p.URL + "/first?token=" + s[0]
	section["persona"], section["profile_key"] = "spa112", s[3]
	line := account(k.Port, "100", s[2])
	d := &device{peer.NewAgent(t, program, []byte(object(t, map[string]any{"provision": section, "log": map[string]any{"level": "debug"}, "lines": []any{line}}))), p}
	p.serving("{}")
	d.Run(t)
	d.until(t, 20*time.Second, "the line is registered", func(st *status) bool {
		return st.Lines[0].Registration == "registered" && st.Provisioning.State == provision.Waiting && !st.Provisioning.Looked.IsZero()
	})
	said := &strings.Builder{}
	look := func(first string, reason fetch.Reason) {
		t.Helper()
		looks := p.looks()
		p.serving(first)
		d.command(t, "resync")
		d.until(t, 60*time.Second, "it has looked at "+first, func(st *status) bool {
			return p.looks() > looks && st.Provisioning.State == provision.Waiting && st.Provisioning.Reason == reason
		})
		fmt.Fprint(said, d.command(t, "status", "-json"), d.command(t, "status"))
	}
	rule := func(text string) string { return parameter("Profile_Rule_B", text) }
	own := parameter("User_ID_1_", "100") + parameter("Proxy_1_", fmt.Sprintf("127.0.0.1:%d", k.Port)) + parameter("SIP_URI_1_", "100@ata.test")
	p.holding("/login/b", flat(own+parameter("Password_1_", s[2])+parameter("Admin_Passwd", s[4])))
	p.holding("/broken", "<flat-profile><Password_1_>"+s[5]+"<")
	p.holding("/foreign", "P34 = "+s[6])
	sealed := filepath.Join(t.TempDir(), "sealed")
	seal(t, sealed, flat(own), "nobody's key")
	text, err := os.ReadFile(sealed)
	if err != nil {
		t.Fatal(err)
	}
	p.holding("/sealed", string(text))

	look(flat(parameter("GPP_SA", s[7])+rule("[--uid device --pwd $SA --key "+s[8]+"] "+p.URL+"/login/b?token="+s[1])), "")
	if p.passed == "" {
		t.Error("the server was not told the password of the rule")
	}
	look(flat(rule(`( Password_1_ = "`+s[9]+`"; User_ID[1] = "100" )! `+p.URL+"/broken")), provision.Unreadable)
	look(flat(rule(p.URL+"/foreign")), provision.Unreadable)
	look(flat(rule("[--key "+s[10]+"] "+p.URL+"/sealed")), provision.WrongKey)
	look(flat(rule("[--pwd "+s[11])), provision.BadRule)
	look(flat(rule("[--pwd "+s[12]+" --alias x] "+p.URL+"/x")), provision.BadRule)
	look(flat(rule("https://u:"+s[13]+"@127.0.0.1/x")), fetch.BadURL)
	look(flat(rule("[--pwd "+s[14]+" --uid u] http://127.0.0.1/"+"x?token="+s[1])), fetch.Plain)
	look(flat(rule("ftp://127.0.0.1/"+s[15])), provision.BadRule)

	for _, set := range [][]string{
		{"provision.auth.password", s[16]}, {"lines.0.sip.password", s[17]}, {"provision.auth.pasword", s[18]}, {"lines.0.slic.rx_gain_db", s[19]},
	} {
		out, _ := d.Command("config", "set", set[0], set[1]) // all but the first are refused
		said.WriteString(out)
	}
	for _, verb := range [][]string{{"audit"}, {"audit", "-json"}, {"bundle", "-print"}, {"events"}} {
		said.WriteString(d.command(t, verb...))
	}
	// Who may see the configuration sees the server's URL as it was written.
	shown := strings.ReplaceAll(d.command(t, "config", "show")+d.command(t, "config", "show", "-json"), s[0], "")
	p.mu.Lock()
	heard := p.heard.String()
	p.mu.Unlock()
	for where, text := range map[string]string{"log": d.Log.String(), "verbs": said.String(), "configuration": shown, "requests and reports": heard} {
		if len(text) < 100 {
			t.Errorf("%s: too little was said: %q", where, text)
		}
		for i, secret := range s {
			if i < tokens && where == "requests and reports" {
				if !strings.Contains(text, secret) {
					t.Errorf("the server was not told token %d", i)
				}
				continue
			}
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("secret %d is in the %s: …%s…", i, where, text[max(0, at-150):min(len(text), at+60)])
			}
		}
	}
}

func flat(text string) string { return "<flat-profile>" + text + "</flat-profile>" }

// parameter is one of a flat profile.
func parameter(name, value string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(value)) // a builder takes everything
	return "<" + name + ">" + b.String() + "</" + name + ">"
}
