package privacy

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

const (
	hidden     = "***"
	plainLimit = 64   // bytes of a version, model or name of a sensor
	proseLimit = 1024 // bytes of a log text
	partyLimit = 255  // bytes of what names a party or dialog
	phoneLeast = 5    // digits that make a telephone number of a text
)

// Scrubber makes texts harmless. Its methods may be called from any goroutine.
type Scrubber struct {
	id    *Identity
	words atomic.Pointer[words]
}

// words are what this device knows to be private.
type words struct {
	secrets []string       // nowhere, not even within other words
	names   *regexp.Regexp // users and names, as whole words; nil: none
}

// NewScrubber returns a scrubber that knows no private words yet.
func NewScrubber(id *Identity) *Scrubber {
	s := &Scrubber{id: id}
	s.words.Store(&words{})
	return s
}

// Know sets what is private on this device: secrets are taken out wherever they
// stand, users and names become pseudonyms.
func (s *Scrubber) Know(secrets, names []string) {
	w := &words{}
	for _, v := range secrets {
		if v != "" {
			w.secrets = append(w.secrets, v)
		}
	}
	longestFirst(w.secrets)
	quoted := []string{}
	for _, v := range names {
		if v != "" {
			quoted = append(quoted, regexp.QuoteMeta(v))
		}
	}
	longestFirst(quoted)
	if len(quoted) > 0 {
		w.names = regexp.MustCompile(`(?i)` + strings.Join(quoted, "|"))
	}
	s.words.Store(w)
}

func longestFirst(list []string) {
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
}

// form is the text in a form.
func (s *Scrubber) form(f Form, text string, p Permit) string {
	switch f {
	case Phone:
		return s.phone(text, p)
	case Party:
		return s.party(text, p, partyLimit)
	case Address:
		return s.network(text, p)
	case URL:
		return bareURL(text)
	case Prose:
		return limit(s.prose(text, p), proseLimit)
	case Message:
		return string(s.message([]byte(text), p))
	}
	return limit(s.known(text), plainLimit)
}

func limit(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	if len(text) > n {
		text = strings.ToValidUTF8(text[:n], "")
	}
	return text
}

func (s *Scrubber) phone(number string, p Permit) string { return s.party(number, p, plainLimit) }

// party is a number, name or dialog as far as it may be told.
func (s *Scrubber) party(text string, p Permit, most int) string {
	if text == "" || p.Categories.Has(PhoneNumber) && p.Level >= Quality {
		return limit(text, most)
	}
	return s.id.Pseudonym(text)
}

// network is the network of an address: /24 and /48. An address is a person's
// own; the network tells no more than the provider.
func (s *Scrubber) network(text string, p Permit) string {
	a, err := netip.ParseAddr(text)
	if err != nil || !p.Categories.Has(IPAddress) {
		return ""
	}
	bits := 24
	if a = a.Unmap(); a.Is6() {
		bits = 48
	}
	prefix, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// bareURL is a URL without user, password, query and fragment.
func bareURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
	return limit(u.String(), 4*plainLimit)
}

// known takes the device's own secrets and names out of a text.
func (s *Scrubber) known(text string) string {
	w := s.words.Load()
	for _, v := range w.secrets {
		text = strings.ReplaceAll(text, v, hidden)
	}
	if w.names == nil {
		return text
	}
	return replaceWords(w.names, text, s.id.Pseudonym)
}

// replaceWords replaces the matches that are not part of a longer word.
func replaceWords(re *regexp.Regexp, text string, with func(string) string) string {
	var b strings.Builder
	end := 0
	for _, m := range re.FindAllStringIndex(text, -1) {
		if m[0] > 0 && inWord(text[m[0]-1]) || m[1] < len(text) && inWord(text[m[1]]) {
			continue
		}
		b.WriteString(text[end:m[0]])
		b.WriteString(with(text[m[0]:m[1]]))
		end = m[1]
	}
	return b.String() + text[end:]
}

func inWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

var (
	credential = regexp.MustCompile(`(?i)\b(authorization|password|passwd|secret|token|nonce|cnonce|response|opaque|api[_-]?key|pin)(["']?\s*[=:]\s*)("[^"]*"|(?:bearer|basic|digest)\s+\S+|\S+)`)
	mediaKey   = regexp.MustCompile(`(?i)\binline:[a-z0-9+/=]{8,}`) // of SRTP, RFC 4568 §9.1
	webURL     = regexp.MustCompile(`(?i)\b(?:https?|mqtts?|ftps?|tftp)://[^\s"'<>]+`)
	userAt     = regexp.MustCompile(`(?i)\b((?:sips?|tel|mailto|im):)?([\w.!~*'()&=+$,;?/%#-]+)@`)
	telURI     = regexp.MustCompile(`(?i)\b(tel:|sips?:)(\+?[0-9*#.()-]+)`)
	hardware   = regexp.MustCompile(`(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b`)
	address    = regexp.MustCompile(`(?i)\[?(?:\b\d{1,3}(?:\.\d{1,3}){3}\b|[0-9a-f]{0,4}:[0-9a-f:.]*:[0-9a-f.:]*)(?:%\w+)?\]?`)
	telephone  = regexp.MustCompile(`\+?[0-9*#](?:[-. /()]{0,2}[0-9*#]){3,}`)
)

// prose takes everything private out of a log text.
func (s *Scrubber) prose(text string, p Permit) string {
	text = s.known(text)
	text = credential.ReplaceAllString(text, "$1$2"+hidden)
	text = mediaKey.ReplaceAllString(text, "inline:"+hidden)
	text = webURL.ReplaceAllStringFunc(text, bareURL)
	text = userAt.ReplaceAllStringFunc(text, func(m string) string {
		part := userAt.FindStringSubmatch(m)
		return part[1] + s.phone(part[2], p) + "@"
	})
	text = telURI.ReplaceAllStringFunc(text, func(m string) string {
		part := telURI.FindStringSubmatch(m)
		if _, err := netip.ParseAddr(part[2]); err == nil {
			return m // the host of a URI without user, judged below
		}
		return part[1] + s.phone(part[2], p)
	})
	text = hardware.ReplaceAllString(text, "mac")
	return s.addressesAndNumbers(text, p)
}

// addressesAndNumbers replaces addresses, and telephone numbers between them.
func (s *Scrubber) addressesAndNumbers(text string, p Permit) string {
	var b strings.Builder
	end := 0
	numbers := func(part string) {
		b.WriteString(telephone.ReplaceAllStringFunc(part, func(m string) string {
			if digits(m) < phoneLeast {
				return m
			}
			return s.phone(m, p)
		}))
	}
	for _, m := range address.FindAllStringIndex(text, -1) {
		a, err := netip.ParseAddr(strings.Trim(text[m[0]:m[1]], "[]"))
		if err != nil {
			continue
		}
		numbers(text[end:m[0]])
		b.WriteString(cmp.Or(s.network(a.String(), p), "address"))
		end = m[1]
	}
	numbers(text[end:])
	return b.String()
}

func digits(s string) (n int) {
	for _, c := range s {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}
