package cisco

import (
	"fmt"
	"strings"

	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/provision/foreign"
)

// lineParams are the parameters of line n that make sense only together.
type lineParams struct {
	*profile
	n int
}

func (p *profile) takeLine(n int) {
	l := lineParams{p, n}
	l.account()
	l.servers()
	if e := l.entry("SIP_Port"); e != nil {
		l.draft.SetLocalPort(e, n)
	}
	l.codecs()
	l.plan()
	l.cadence()
	l.jitter()
	l.fax()
	l.both("callerid/enabled", "CID_Serv", "CID_Setting")
	l.both("features/call_waiting", "Call_Waiting_Serv", "CW_Setting")
	l.secure()
}

// entry returns a parameter of the line that has a value, else nil. A value that
// the server's template left unfilled is refused.
func (l lineParams) entry(base string) *foreign.Entry {
	return l.given(fmt.Sprintf("%s_%d_", base, l.n+1))
}

// given returns a parameter that has a value, else nil.
func (p *profile) given(name string) *foreign.Entry {
	e := p.entries[name]
	if e == nil || e.Value == "" {
		return nil
	}
	if foreign.Unfilled(e.Value) {
		p.draft.Refuse(e, "", "the server's template has left a variable unfilled here")
		delete(p.entries, name)
		return nil
	}
	return e
}

func (l lineParams) set(e *foreign.Entry, key string, value any, note string) {
	l.draft.Set(e, foreign.LineKey(l.n, key), value, note)
}

// yes reads a parameter; without it, or when it is neither yes nor no, it is
// otherwise.
func (l lineParams) yes(base string, otherwise bool) (*foreign.Entry, bool) {
	e := l.entry(base)
	if e == nil {
		return nil, otherwise
	}
	yes, ok := foreign.YesNo(e.Value)
	if !ok {
		l.draft.Refuse(e, "", "neither yes nor no")
		return nil, otherwise
	}
	return e, yes
}

// account takes the user, the name for the challenge if it is in use, and what
// the address of record is if it is not the server's.
func (l lineParams) account() {
	if e := l.entry("User_ID"); e != nil {
		l.set(e, "sip/user", e.Value, "")
	}
	use, yes := l.yes("Use_Auth_ID", false)
	if e := l.entry("Auth_ID"); e != nil && yes {
		l.set(e, "sip/auth_user", e.Value, "")
		l.confirm(use)
	} else if e != nil {
		l.draft.Ignore(e, "Use_Auth_ID is not Yes")
	}
	if e := l.entry("SIP_URI"); e != nil {
		_, host, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(e.Value, "sips:"), "sip:"), "@")
		if !ok {
			l.draft.Refuse(e, foreign.LineKey(l.n, "sip/domain"), "not user@domain")
			return
		}
		l.set(e, "sip/domain", host, "its user part is that of User_ID")
	}
}

// confirm says of a parameter that it did what it is for.
func (l lineParams) confirm(e *foreign.Entry) {
	if e != nil {
		l.draft.Add(e.Finding(foreign.Lossless, "", "taken into account"))
	}
}

// codecNames are the agent's names of this maker's codecs, small letters.
var codecNames = map[string]string{"g711u": "PCMU", "g711a": "PCMA"}

// codecs takes the order of preference out of three parameters.
func (l lineParams) codecs() {
	only, yes := l.yes("Use_Pref_Codec_Only", false)
	bases := []string{"Preferred_Codec", "Second_Preferred_Codec", "Third_Preferred_Codec"}
	var order []string
	var first *foreign.Entry
	for i, base := range bases {
		e := l.entry(base)
		if e == nil || strings.EqualFold(e.Value, "Unspecified") {
			continue
		}
		name, known := codecNames[strings.ToLower(e.Value)]
		switch {
		case !known:
			l.draft.Ignore(e, "a codec that is not supported")
		case yes && i > 0:
			l.draft.Ignore(e, "Use_Pref_Codec_Only is Yes")
		case len(order) > 0 && order[0] == name:
			l.draft.Ignore(e, "a codec that was named before")
		default:
			order = append(order, name)
			if first == nil {
				first = e
			} else {
				l.confirm(e)
			}
		}
	}
	l.confirm(only)
	if first != nil {
		l.set(first, "codecs/order", order, "")
	}
}

// plan takes the digit map.
func (l lineParams) plan() {
	e := l.entry("Dial_Plan")
	if e == nil {
		return
	}
	key := foreign.LineKey(l.n, "dial/plan")
	if _, err := dialplan.Parse(e.Value, dialplan.Sipura); err != nil {
		l.draft.Refuse(e, key, "the country's digit map stays: "+err.Error())
		return
	}
	l.draft.Set(e, key, e.Value, "")
	l.draft.Imply(e, foreign.LineKey(l.n, "dial/syntax"), "sipura")
}

// both takes a key that two parameters must agree on: that the line has a feature,
// and that it is switched on.
func (l lineParams) both(key, service, setting string) {
	e, has := l.yes(service, true)
	other, on := l.yes(setting, true)
	if e == nil || has && other != nil {
		e, other = other, e
	}
	if e == nil {
		return
	}
	l.set(e, key, has && on, "")
	l.confirm(other)
}

// secure takes whether the voice is encrypted. Optional is what templates say of
// every line, also where the keys would travel in the open. A value that is none is
// taken for the most that could be meant: a line is not made less safe by a mistake.
func (l lineParams) secure() {
	e := l.entry("Secure_Call_Option")
	switch {
	case e == nil:
	case strings.EqualFold(e.Value, "Optional"):
		l.set(e, "rtp/srtp", "auto", "encrypted where SIP travels over TLS and the far end can")
	case strings.EqualFold(e.Value, "Required"):
		l.set(e, "rtp/srtp", "required", "")
	default:
		l.set(e, "rtp/srtp", "required", "neither Optional nor Required; taken for the safest")
	}
}
