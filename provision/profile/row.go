package profile

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/provision/foreign"
	"github.com/ata-agent/ata-agent/provision/macro"
	"github.com/ata-agent/ata-agent/provision/rule"
)

// Limits of a profile.
const (
	maxParts = 8               // files
	maxMoves = 4               // first files that name another first file
	maxTime  = 3 * time.Minute // for all of them
)

// row is the row of rules of a Cisco profile while it is followed.
type row struct {
	reader *Reader
	of     provision.Foreign
	parts  []*part
	params map[string]param // what the files have said so far, the last word of each
	places map[string]bool  // files that were fetched
}

// param is a parameter that decides what is fetched.
type param struct {
	value string
	from  *part
}

// run follows the rules: where the first file says it lies now, then what goes
// with it. One that fails stops the row, and all of it comes again.
func (w *row) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	w.params, w.places = map[string]param{}, map[string]bool{place(w.of.First.Asked): true}
	w.learn(w.parts[0])
	if err := w.move(ctx); err != nil {
		return err
	}
	for _, name := range []string{"Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D"} {
		s, err := w.choose(name)
		if err != nil {
			return err
		}
		if s == nil || w.places[place(s.url.String())] {
			continue // nothing is wanted, or it is there already
		}
		if err := w.add(ctx, name, s); err != nil {
			return err
		}
	}
	return nil
}

// move follows Profile_Rule, as a server's first file has it that is the same for
// all devices. One that leads to its own file says where that is.
func (w *row) move(ctx context.Context) error {
	const name = "Profile_Rule"
	here := place(w.of.First.Asked)
	for range maxMoves {
		s, err := w.choose(name)
		if err != nil || s == nil {
			return err
		}
		there := place(s.url.String())
		switch {
		case there == here || w.sameFile(s.url):
			return nil
		case protected(s.from.url) && s.url.Scheme != "https":
			// Where to look the next time is for provision.url to say.
			w.reader.Logger.Warn("a profile's rule leads to plain text and is not followed", "rule", name, "url", fetch.Shown(s.url.String()))
			return nil
		case w.places[there]:
			return w.refuse(name, "it leads back to a file that led here")
		}
		if err := w.add(ctx, name, s); err != nil {
			return err
		}
		here = there
	}
	return w.refuse(name, fmt.Sprintf("more than %d files lead on", maxMoves))
}

// sameFile reports whether a rule names the first file by another scheme or port:
// templates have http where their server also speaks https.
func (w *row) sameFile(u *url.URL) bool {
	first, err := url.Parse(w.of.First.Asked)
	return err == nil && len(w.parts) == 1 && u.Hostname() == first.Hostname() && u.Path == first.Path && u.RawQuery == first.RawQuery
}

// step is what a rule wants fetched.
type step struct {
	*rule.Request
	url  *url.URL
	from *part // whose rule it is
}

// choose reads a rule as it stands now, nil: nothing is to be fetched. What the
// rule sets is set.
func (w *row) choose(name string) (*step, error) {
	p, there := w.params[name]
	if !there {
		return nil, nil
	}
	r, err := rule.Parse(p.value)
	if err != nil {
		return nil, w.refuse(name, err.Error())
	}
	s, _, err := r.Choose(w.names())
	if err != nil {
		return nil, w.refuse(name, err.Error())
	}
	w.assign(name, p.from, s.Assign)
	switch f := s.Fetch; {
	case f == nil || f.Report:
		return nil, nil
	case f.Post != "" || f.Alias != "":
		return nil, w.refuse(name, "--post and --alias are not supported")
	default:
		u, err := rule.Resolve(f.URL, w.server(f.URL))
		if err != nil {
			return nil, w.refuse(name, err.Error())
		}
		return &step{f, u, p.from}, nil
	}
}

// server is whom a URL without a host means: the one that gave the first file, at
// its port where the way to ask is the same.
func (w *row) server(text string) string {
	u, err := url.Parse(w.of.First.Asked)
	if err != nil {
		return ""
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok && scheme == u.Scheme || !ok && u.Scheme == "tftp" {
		return u.Host
	}
	return u.Hostname()
}

// add fetches a file.
func (w *row) add(ctx context.Context, name string, s *step) error {
	if len(w.parts) == maxParts {
		return w.refuse(name, fmt.Sprintf("more than %d files", maxParts))
	}
	w.places[place(s.url.String())] = true
	d, err := w.of.Get(ctx, fetch.Request{URL: s.url.String(), From: s.from.url, User: s.User, Password: s.Password})
	if r, ok := errors.AsType[*fetch.Refusal](err); ok && r.Reason == fetch.NotFound && !w.missed() {
		w.reader.Logger.Info("a file that a profile names is not there", "rule", name, "url", r.URL)
		return nil
	}
	if err != nil {
		return err
	}
	p, err := open(d, w.of.Settings.ProfileKey, s.Key, w.overheard())
	if err != nil {
		return err
	}
	w.parts = append(w.parts, p)
	w.learn(p)
	return nil
}

// missed reports whether a file that is not there is a failure. It is unless the
// profile says otherwise.
func (w *row) missed() bool {
	yes, ok := foreign.YesNo(w.params["Resync_Fails_On_FNF"].value)
	return yes || !ok
}

// overheard reports whether anybody could listen to one of the files so far, and
// so to a key in it.
func (w *row) overheard() bool {
	return slices.ContainsFunc(w.parts, func(p *part) bool { return p.exposed })
}

// learn takes note of the parameters that decide what comes next. A file that
// cannot be read is refused with the others.
func (w *row) learn(p *part) {
	doc, err := foreign.ReadXML(p.file)
	if err != nil {
		return
	}
	for _, e := range doc.Entries {
		if e.Group == doc.Root && decides(e.Name) && !foreign.Unfilled(e.Value) {
			w.params[e.Name] = param{e.Value, p}
		}
	}
}

func decides(name string) bool {
	return strings.HasPrefix(name, "Profile_Rule") || strings.HasPrefix(name, "GPP_") || name == "Resync_Fails_On_FNF"
}

// reasons are what $PRVST stands for.
var reasons = map[provision.Cause]string{
	provision.AtBoot: "0", provision.Periodic: "1", provision.AtTime: "1", provision.Retry: "2",
}

// names are what the macros of a rule stand for: the device, the moment, the
// general purpose parameters, and of those the secret ones.
func (w *row) names() (names, secrets macro.Names) {
	names = Lookup(w.of.Settings.Persona).names(w.reader.Device)
	names["PRVST"] = "-1" // somebody asked
	if n, ok := reasons[w.of.Cause]; ok {
		names["PRVST"] = n
	}
	secrets = macro.Names{}
	for name, p := range w.params {
		switch short := strings.TrimPrefix(name, "GPP_"); {
		case short == name:
		case strings.HasPrefix(short, "S") && len(short) == 2:
			secrets[short] = p.value
		default:
			names[short] = p.value
		}
	}
	return names, secrets
}

// assign takes what a rule sets as a file of its own.
func (w *row) assign(name string, from *part, list []rule.Assignment) {
	if len(list) == 0 {
		return
	}
	p := &part{url: from.url, file: foreign.File{Name: name + " of " + from.file.Name, Data: flatProfile(list)}, exposed: from.exposed}
	w.parts = append(w.parts, p)
	w.learn(p)
}

func (w *row) refuse(name, why string) error {
	return &fetch.Refusal{Reason: provision.BadRule, URL: w.of.First.URL, Err: fmt.Errorf("%s: %s", name, why)}
}

// place is a URL as one is compared with another.
func place(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.User, u.Fragment = nil, ""
	u.Path = "/" + strings.TrimLeft(u.Path, "/")
	return u.String()
}

func protected(url string) bool { return strings.HasPrefix(url, "https:") }
