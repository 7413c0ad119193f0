package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/provision/sign"
	"github.com/ata-agent/ata-agent/state"
)

// The reasons for which a document that was fetched is refused. They are said in
// status and to the server, as those of package fetch are.
const (
	NotSigned    fetch.Reason = "not-signed"    // no signature of a key that we trust
	Unreadable   fetch.Reason = "unreadable"    // in no form that we know
	WrongKey     fetch.Reason = "wrong-key"     // encrypted, and no key that we have opens it
	BadRule      fetch.Reason = "bad-rule"      // a profile rule that is wrong, leads in circles or too far
	NotValid     fetch.Reason = "not-valid"     // the document's faults are listed
	OtherDevice  fetch.Reason = "other-device"  // it is for another device
	Older        fetch.Reason = "older"         // its generation is below the one in force
	PlainSecrets fetch.Reason = "plain-secrets" // it holds secrets and came unprotected
	FailedBefore fetch.Reason = "failed-before" // it was rolled back and has to wait
	NotApplied   fetch.Reason = "not-applied"   // the device could not take it
	NotProven    fetch.Reason = "not-proven"    // the trial failed
	NoServer     fetch.Reason = "no-server"     // nobody has told where to ask
)

// penalties are how long a document that was rolled back is refused, by how often
// it was.
var penalties = [...]time.Duration{time.Hour, 4 * time.Hour, 24 * time.Hour}

// candidate is a document that may come into force.
type candidate struct {
	layer     config.Layer
	effective *config.Effective
	changes   config.Changes
	meta      state.Meta
	known     fetch.Validator
	url       string // it came from
	ends      bool   // it says that the account has ended
}

// reject makes a refusal of a document.
func reject(why fetch.Reason, err error) error { return &fetch.Refusal{Reason: why, Err: err} }

// examine decides whether a document may come into force: what it says, whom it
// is for. Who wrote it is known.
func (m *Manager) examine(d *fetch.Document, p *Profile) (*candidate, error) {
	layer := config.Layer{Name: config.Device, Source: d.URL, Data: p.Document}
	layers, now := m.device.Current()
	next, err := config.Merge(m.opts.Region, config.WithLayer(layers, layer)...)
	if err != nil {
		return nil, reject(NotValid, err)
	}
	c := &candidate{
		layer: layer, effective: next, changes: config.Diff(now.Config, next.Config),
		meta: state.Meta{Source: d.URL, Generation: next.Config.Generation},
		ends: next.Config.Deprovision && !now.Config.Deprovision,
	}
	if err := m.checkPolicy(p, c); err != nil || !c.ends {
		return c, err
	}
	return c, m.checkEnd(d, c)
}

// checkEnd refuses the end of the account from anybody but who signs for it, and
// a second time.
func (m *Manager) checkEnd(d *fetch.Document, c *candidate) error {
	layers, now := m.device.Current()
	switch {
	case d.Signature == nil: // one that is there was checked
		return reject(NotSigned, errors.New("the end of an account must be signed"))
	case !slices.ContainsFunc(layers, ofServer):
		return reject(fetch.Gone, errors.New("the account has ended; there is nothing of it on this device"))
	case c.meta.Generation <= now.Config.Generation:
		return reject(Older, fmt.Errorf("generation %d ends an account, in force is %d", c.meta.Generation, now.Config.Generation))
	}
	return nil
}

func (m *Manager) checkSignature(d *fetch.Document) error {
	trust := m.settings().Trust
	if !trust.RequireSignature && d.Signature == nil {
		return nil
	}
	keys, err := sign.ParseKeys(trust.ConfigKeys)
	if err != nil {
		return reject(NotSigned, err)
	}
	if _, err := keys.Verify(d.Data, d.Signature); err != nil {
		return reject(NotSigned, err)
	}
	return nil
}

// checkPolicy refuses a valid document that is not for us, not for now, or not
// for this way.
func (m *Manager) checkPolicy(p *Profile, c *candidate) error {
	next, now := c.effective.Config, m.inForce()
	switch {
	case !m.opts.Identity.is(next.Device):
		return reject(OtherDevice, fmt.Errorf("it is for %s", next.Device))
	case next.Generation < now.Generation:
		return reject(Older, fmt.Errorf("generation %d, in force is %d", next.Generation, now.Generation))
	case slices.ContainsFunc(c.changes, func(ch config.Change) bool { return setsSecret(ch) && p.Exposed(ch.Path) }):
		return reject(PlainSecrets, errors.New("it sets passwords and came over a way that anybody can listen to"))
	}
	return m.checkFailures(c)
}

// setsSecret reports whether a change gives a secret.
func setsSecret(c config.Change) bool { return c.New == `"***"` }

// checkFailures keeps a document out that was rolled back, for a while. A higher
// generation is a new try of the server's.
func (m *Manager) checkFailures(c *candidate) error {
	v, ok := m.device.Known(c.layer)
	if !ok || v.Result != state.RolledBack || v.Failures == 0 || v.Mark == m.excused {
		return nil
	}
	until := v.Time.Add(penalties[min(v.Failures, len(penalties))-1])
	if time.Now().Before(until) {
		return reject(FailedBefore, fmt.Errorf("rolled back: %s; refused until %s", v.Reason, until.Format(time.DateTime)))
	}
	return nil
}

// Identity is which device this is.
type Identity struct {
	MAC    string // 12 lower case hexadecimal digits
	Serial string
}

// is reports whether a document that names a device is for this one. Empty is
// for any.
func (id Identity) is(name string) bool {
	digits := strings.NewReplacer(":", "", "-", "", ".", "").Replace(strings.ToLower(name))
	return name == "" || name == id.Serial || digits == id.MAC && id.MAC != ""
}

// name is how the device calls itself to its server.
func (id Identity) name() string {
	if id.MAC != "" {
		return id.MAC
	}
	return id.Serial
}
