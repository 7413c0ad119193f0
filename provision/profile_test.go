package provision

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/provision/fetch"
)

// joined reads a profile of two files: the second, which the first names, is the
// document.
func joined(ctx context.Context, f Foreign) (*Profile, error) {
	d, err := f.Get(ctx, fetch.Request{URL: "https://prov.test/" + strings.TrimPrefix(string(f.First.Data), "<")})
	if err != nil {
		return nil, err
	}
	return &Profile{Document: d.Data, More: []*fetch.Document{d}, Exposed: func(path string) bool { return strings.HasPrefix(path, "/provision/") }}, nil
}

// serveTwo has the server give a first file that names the second.
func (w *world) serveTwo(text string) {
	w.answer = func(url string) (*fetch.Document, error) {
		d := &fetch.Document{URL: url, Data: []byte(text)}
		if !strings.HasSuffix(url, "second") {
			d.Data = []byte("<second")
		}
		d.Validator.Hash = sha256.Sum256(d.Data)
		return d, nil
	}
}

// A profile of several files comes into force as one document, and again only
// when one of them changes.
func TestProfile(t *testing.T) {
	inWorld(t, func(o *Opts) { o.Read = joined }, func(w *world) {
		look := func(text string) {
			w.serveTwo(text)
			w.m.Resync(Asked)
			w.sleep(time.Minute)
		}
		look(doc(6, "also.test", "b", ""))
		w.holds(6)
		if w.named[0].Home != "https://prov.test/ata/"+mac+".json" {
			t.Errorf("the credentials are for %q", w.named[0].Home)
		}
		applied, changed := len(w.applied), w.m.Status().Changed
		look(doc(6, "also.test", "b", ""))
		if s := w.m.Status(); len(w.applied) != applied || s.Changed != changed || s.Reason != "" {
			t.Errorf("taken again: %+v", s)
		}
		look(doc(7, "good.test", "b", ""))
		w.holds(7)
		look(strings.Replace(doc(8, "good.test", "b", ""), `"provision": {`, `"provision": {"profile_key": "k", `, 1))
		if s := w.m.Status(); s.Reason != PlainSecrets {
			t.Errorf("a password that anybody could hear: %+v", s)
		}
		look("<")
		if s := w.m.Status(); s.Reason != NotValid {
			t.Errorf("no document: %+v", s)
		}
		w.holds(7)
	})
}

// What reading comes to is said, and each file is held to its signature.
func TestProfileRefused(t *testing.T) {
	failing := func(err error) func(*Opts) {
		return func(o *Opts) {
			o.Read = func(context.Context, Foreign) (*Profile, error) { return nil, err }
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*Opts)
		want   fetch.Reason
	}{
		{"in no form", failing(errors.New("what is it")), Unreadable},
		{"a wrong key", failing(&fetch.Refusal{Reason: WrongKey}), WrongKey},
		{"a wrong rule", failing(&fetch.Refusal{Reason: BadRule}), BadRule},
		{"a file that is not there", failing(&fetch.Refusal{Reason: fetch.NotFound}), fetch.NotFound},
		{"a signature that is wrong", func(o *Opts) {
			o.Read = joined
		}, NotSigned},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, tt.change, func(w *world) {
				w.serveTwo(doc(6, "also.test", "b", ""))
				if tt.want == NotSigned {
					serve := w.answer
					w.answer = func(url string) (*fetch.Document, error) {
						d, err := serve(url)
						if strings.HasSuffix(url, "second") {
							d.Signature = []byte("x")
						}
						return d, err
					}
				}
				w.m.Resync(Asked)
				w.sleep(time.Minute)
				synctest.Wait()
				w.holds(5)
				if s := w.m.Status(); s.Reason != tt.want {
					t.Errorf("status %+v, want %s", s, tt.want)
				}
			})
		})
	}
}
