package provision

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aead.dev/minisign"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/fetch"
)

// trusting has the configuration in force trust a key, which it returns.
func (w *world) trusting() minisign.PrivateKey {
	w.t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := public.MarshalText()
	if err != nil {
		w.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	signed := strings.Replace(doc(6, "good.test", "a", ""), `"provision": {`, fmt.Sprintf(`"provision": {"trust": {"config_keys": [%q]}, `, lines[len(lines)-1]), 1)
	w.push(signed, time.Minute)
	w.holds(6)
	return private
}

// signedBy serves a document with its signature.
func (w *world) signedBy(key minisign.PrivateKey, text string) {
	w.answer = func(url string) (*fetch.Document, error) {
		return &fetch.Document{URL: url, Data: []byte(text), Signature: minisign.Sign(key, []byte(text))}, nil
	}
}

// ending is a document that ends an account.
func ending(generation int, device string) string {
	return strings.Replace(doc(generation, "good.test", "a", ""), "{", fmt.Sprintf(`{"deprovision": true, "device": %q, `, device), 1)
}

// A signed document that says so ends the account, once the lines are idle.
func TestDeprovision(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.signedBy(w.trusting(), ending(7, mac))
		w.calls = 1
		w.m.Resync(Asked)
		w.sleep(time.Minute)
		if w.wiped != "" {
			t.Error("wiped during a call")
		}
		w.calls = 0
		w.sleep(2 * time.Second)
		if w.wiped == "" {
			t.Fatalf("not wiped: %+v", w.m.Status())
		}
		w.reported("wiped", "")
		// What the factory left knows of no account; the same document again ends
		// nothing.
		w.wiped, w.layers = "", []config.Layer{{Name: config.Factory, Source: "file", Data: w.layers[0].Data}}
		w.m.Resync(Asked)
		w.sleep(time.Minute)
		if s := w.m.Status(); w.wiped != "" || s.Reason != fetch.Gone {
			t.Errorf("again: wiped %q, %+v", w.wiped, s)
		}
	})
}

func TestDeprovisionRefused(t *testing.T) {
	_, stranger, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		text string
		key  func(own minisign.PrivateKey) *minisign.PrivateKey
		want fetch.Reason
	}{
		{"not signed", ending(7, mac), func(minisign.PrivateKey) *minisign.PrivateKey { return nil }, NotSigned},
		{"by a stranger", ending(7, mac), func(minisign.PrivateKey) *minisign.PrivateKey { return &stranger }, NotSigned},
		{"again", ending(6, mac), own, Older},
		{"older", ending(5, mac), own, Older},
		{"another's", ending(7, "00005e005399"), own, OtherDevice},
		{"anybody's", ending(7, ""), own, NotValid},
		{"not counted", strings.Replace(ending(7, mac), `"generation": 7`, `"generation": 0`, 1), own, NotValid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				private := w.trusting()
				if key := tt.key(private); key != nil {
					w.signedBy(*key, tt.text)
				} else {
					w.serve(tt.text)
				}
				w.m.Resync(Asked)
				w.sleep(time.Minute)
				synctest.Wait()
				if s := w.m.Status(); w.wiped != "" || s.Reason != tt.want {
					t.Errorf("wiped %q, %+v, want %s", w.wiped, s, tt.want)
				}
				w.holds(6)
				w.reported("refused", tt.want)
			})
		})
	}
}

func own(key minisign.PrivateKey) *minisign.PrivateKey { return &key }
