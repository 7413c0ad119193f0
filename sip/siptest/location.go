package siptest

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// Binding says where a user can be reached.
type Binding struct {
	Contact  string         // URI
	Instance string         // +sip.instance as received, "" = none
	From     netip.AddrPort // where the REGISTER came from
	Until    time.Time

	contact sipmsg.Uri
	from    hop
}

// Bindings are those of a user now, the oldest first.
func (r *Registrar) Bindings(user string) []Binding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.current(user))
}

// Forget drops the bindings of all users, as a restart does.
func (r *Registrar) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.bindings)
}

func (r *Registrar) current(user string) []Binding {
	now := time.Now()
	list := slices.DeleteFunc(r.bindings[user], func(b Binding) bool { return !now.Before(b.Until) })
	r.bindings[user] = list
	return list
}

func (r *Registrar) latest(user string) (Binding, bool) {
	list := r.current(user)
	if len(list) == 0 {
		return Binding{}, false
	}
	return list[len(list)-1], true
}

// register handles a REGISTER (RFC 3261 §10.3).
func (r *Registrar) register(req *sipmsg.Request, from hop) {
	if !r.proven(req, false) {
		return
	}
	user := req.To().Address.User
	if user != req.From().Address.User {
		r.reply(req, 403, "Not your binding")
		return
	}
	asked, err := r.asked(req, from)
	if errors.Is(err, errTooBrief) {
		r.reply(req, 423, "Interval Too Brief", header("Min-Expires", seconds(r.opts.MinExpires))...)
		return
	}
	if err != nil {
		r.reply(req, 400, "Bad Contact")
		return
	}
	list := r.current(user)
	for _, b := range asked {
		list = slices.DeleteFunc(list, b.replaces)
		if b.Until.After(time.Now()) {
			list = append(list, b)
		}
	}
	r.bindings[user] = list
	r.reply(req, 200, "OK", contacts(list)...)
}

var (
	errTooBrief = errors.New("interval too brief")
	errContact  = errors.New("bad contact")
)

// asked are the bindings that a REGISTER wants; those to remove are over.
func (r *Registrar) asked(req *sipmsg.Request, from hop) ([]Binding, error) {
	now := time.Now()
	var list []Binding
	for _, h := range req.GetHeaders("Contact") {
		c, ok := h.(*sipmsg.ContactHeader)
		if !ok {
			return nil, errContact
		}
		d, err := r.expires(req, c)
		if err != nil || c.Address.Wildcard && d != 0 {
			return nil, errors.Join(errContact, err)
		}
		list = append(list, Binding{
			Contact: c.Address.String(), Instance: c.Params.GetOr("+sip.instance", ""),
			From: from.addr, Until: now.Add(d), contact: c.Address, from: from,
		})
	}
	return list, nil
}

// expires is the interval of a contact: its own, that of the message, or ours.
func (r *Registrar) expires(req *sipmsg.Request, c *sipmsg.ContactHeader) (time.Duration, error) {
	text := c.Params.GetOr("expires", "")
	if h := req.GetHeader("Expires"); text == "" && h != nil {
		text = h.Value()
	}
	if text == "" {
		return r.opts.MaxExpires, nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0, errContact
	}
	d := time.Duration(n) * time.Second
	if d != 0 && d < r.opts.MinExpires {
		return 0, errTooBrief
	}
	return min(d, r.opts.MaxExpires), nil
}

// replaces reports whether b takes the place of old: the same instance
// (RFC 5626 §6) or the same URI; "*" takes that of all.
func (b Binding) replaces(old Binding) bool {
	return b.contact.Wildcard || b.Contact == old.Contact || b.Instance != "" && b.Instance == old.Instance
}

func contacts(list []Binding) []sipmsg.Header {
	var headers []sipmsg.Header
	for _, b := range list {
		value := "<" + b.Contact + ">;expires=" + seconds(time.Until(b.Until))
		if b.Instance != "" {
			value += ";+sip.instance=" + b.Instance
		}
		headers = append(headers, sipmsg.NewHeader("Contact", value))
	}
	return headers
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second/2)/time.Second), 10)
}
