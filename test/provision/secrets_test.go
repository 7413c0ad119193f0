//go:build provision

package provision

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/test/peer"
)

// plants are twenty secrets, each a word that stands nowhere else.
func plants() (list [20]string) {
	for i := range list {
		list[i] = fmt.Sprintf("zq%dplanted%dsecret", i, i*i)
	}
	return list
}

// TestSecretsStay plants twenty secrets: in the file, in documents that are taken,
// refused, rolled back and not even JSON, and in the answers of the servers. What
// the device says, in its log at debug, by its verbs, to its servers, in the audit
// log, has none of them.
func TestSecretsStay(t *testing.T) {
	t.Parallel()
	s := plants()
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "100", Password: s[0]}, peer.Account{User: "101", Password: s[1]})
	p := newProvider(t)
	lines := func(first, second string) []any {
		return []any{account(k.Port, "100", first), account(k.Port, "101", second)}
	}
	section := p.section()
	section["url"] = p.URL + "/login/ata.json"
	section["auth"] = map[string]any{"mode": "basic", "user": "device", "password": s[2]}
	section["profile_key"] = s[3]
	section["push"] = map[string]any{"url": "mqtts://127.0.0.1:1", "topic": "t", "user": "u", "password": s[4]}
	a := peer.NewAgent(t, program, []byte(object(t, map[string]any{"provision": section, "log": map[string]any{"level": "debug"}, "lines": lines(s[0], s[1])})))
	d := &device{a, p}
	d.Run(t)
	waiting := func(st *status) bool {
		return st.Provisioning.State == provision.Waiting && !st.Provisioning.Looked.IsZero()
	}
	d.until(t, 20*time.Second, "both lines are registered", func(st *status) bool {
		return waiting(st) && st.Lines[0].Registration == "registered" && st.Lines[1].Registration == "registered"
	})
	if p.passed == "" {
		t.Fatal("the server was not told the password")
	}

	said := &strings.Builder{}
	look := func(doc string, settled func(*status) bool) {
		t.Helper()
		d.serving(doc)
		d.command(t, "resync")
		d.until(t, 60*time.Second, "it has looked at "+doc[:min(40, len(doc))], settled)
		fmt.Fprint(said, d.command(t, "status", "-json"), d.command(t, "status"))
	}
	reason := func(why ...string) func(*status) bool {
		return func(st *status) bool {
			for _, w := range why {
				if waiting(st) && string(st.Provisioning.Reason) == w {
					return true
				}
			}
			return false
		}
	}
	generation := func(n int) func(*status) bool {
		return func(st *status) bool { return waiting(st) && st.Provisioning.Generation == n }
	}
	look(object(t, map[string]any{"generation": 1, "provision": map[string]any{"profile_key": s[5]}, "lines": lines(s[0], s[1])}), generation(1))
	look(object(t, map[string]any{"generation": 2, "lines": lines(s[6], s[7])}), generation(2)) // wrong: an alarm
	look(object(t, map[string]any{"generation": 3, "lines": lines(s[0], s[1])}), generation(3))
	look(`{"lines": [{"sip": {"password": ["`+s[8]+`"]}}]}`, reason("not-valid"))
	look(`{"lines": [{"sip": {"pasword": "`+s[9]+`", "user": "`+s[10]+`\u0007"}}]}`, reason("not-valid"))
	look(`{"lines": [{"sip": {"password": "`+s[11]+`"`, reason("not-valid"))
	look(`{"device": "02:00:00:00:00:99", "lines": [{"sip": {"password": "`+s[12]+`"}}]}`, reason("other-device"))
	look(`password = `+s[13], reason("unreadable"))
	look(`<flat-profile><Password_1_ ua="na">`+s[14]+`</Password_1_><Broken`, reason("unreadable", "not-valid"))
	look(`{"generation": 4, "provision": {"url": "https://u:`+s[15]+`@127.0.0.1/x"}}`, reason("not-valid"))
	look(object(t, map[string]any{"generation": 4, "provision": map[string]any{"auth": map[string]any{"mode": "basic", "user": "u", "password": s[0]}}, "lines": lines(s[0], s[1])}), reason("not-valid"))
	look(object(t, map[string]any{"generation": 4, "lines": []any{account(deaf(t), "100", s[16]), account(k.Port, "101", s[1])}}), reason("not-proven"))
	look(object(t, map[string]any{"generation": 2, "lines": lines(s[17], s[18])}), reason("older"))
	look(object(t, map[string]any{"schema": 1, "lines": []any{map[string]any{"name": 7, "sip": map[string]any{"password": s[19]}}}}), reason("not-valid"))

	for _, verb := range [][]string{{"events"}, {"calls", "-json"}, {"config", "show"}, {"config", "show", "-json"}, {"config", "show", "-origins"}} {
		out, err := d.Command(verb...)
		if err != nil {
			t.Errorf("%v: %v", verb, err)
		}
		said.WriteString(out)
	}
	out, _ := d.Command("config", "diff", d.File(), "running") // it may differ
	said.WriteString(out)
	audit, err := os.ReadFile(filepath.Join(d.State, "audit.log"))
	if err != nil {
		t.Error(err)
	}
	p.mu.Lock()
	heard := p.heard.String()
	p.mu.Unlock()
	for where, text := range map[string]string{"log": d.Log.String(), "verbs": said.String(), "requests and reports": heard, "audit log": string(audit)} {
		if len(text) < 100 {
			t.Errorf("%s: too little was said: %q", where, text)
		}
		for i, secret := range s {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("secret %d is in the %s: …%s…", i, where, text[max(0, at-150):min(len(text), at+60)])
			}
		}
	}
}
