package locate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

var (
	errTruncated = errors.New("answer is cut off")
	errForeign   = errors.New("answer to another question")
	errRecord    = errors.New("bad record")
)

// payloadSize is how long an answer may be over UDP without fragments.
const payloadSize = 1232

// request is the message that asks for a record (RFC 1035 §4, RFC 6891).
func request(id uint16, kind Kind, name string) ([]byte, error) {
	n, err := dnsmessage.NewName(strings.TrimSuffix(name, ".") + ".")
	if err != nil {
		return nil, err
	}
	var opt dnsmessage.ResourceHeader
	if err := opt.SetEDNS0(payloadSize, dnsmessage.RCodeSuccess, false); err != nil {
		return nil, err
	}
	m := dnsmessage.Message{
		Header:      dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions:   []dnsmessage.Question{{Name: n, Type: dnsmessage.Type(kind), Class: dnsmessage.ClassINET}},
		Additionals: []dnsmessage.Resource{{Header: opt, Body: &dnsmessage.OPTResource{}}},
	}
	return m.Pack()
}

// parse reads the answer to a question. errForeign means that it is none.
func parse(msg []byte, id uint16, kind Kind, name string) ([]Record, error) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || h.ID != id || !h.Response {
		return nil, errForeign
	}
	q, err := p.Question()
	if err != nil || q.Type != dnsmessage.Type(kind) || !sameName(q.Name.String(), name) {
		return nil, errForeign
	}
	switch {
	case h.Truncated:
		return nil, errTruncated
	case h.RCode == dnsmessage.RCodeNameError:
		return nil, ErrNotFound
	case h.RCode != dnsmessage.RCodeSuccess:
		return nil, fmt.Errorf("server says %v", h.RCode)
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	return answers(&p, kind, name)
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// answers collects the records of a name, along the CNAMEs that lead from it
// (RFC 1034 §3.6.2; servers list them in order).
func answers(p *dnsmessage.Parser, kind Kind, name string) ([]Record, error) {
	var list []Record
	for {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch {
		case h.Class != dnsmessage.ClassINET || !sameName(h.Name.String(), name):
			err = p.SkipAnswer()
		case h.Type == dnsmessage.TypeCNAME:
			var c dnsmessage.CNAMEResource
			c, err = p.CNAMEResource()
			name = c.CNAME.String()
		case h.Type == dnsmessage.Type(kind):
			var r Record
			r, err = record(p, kind)
			r.TTL = time.Duration(h.TTL) * time.Second
			list = append(list, r)
		default:
			err = p.SkipAnswer()
		}
		if err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list, nil
}

func record(p *dnsmessage.Parser, kind Kind) (Record, error) {
	switch kind {
	case A:
		r, err := p.AResource()
		return Record{Addr: netip.AddrFrom4(r.A)}, err
	case AAAA:
		r, err := p.AAAAResource()
		return Record{Addr: netip.AddrFrom16(r.AAAA)}, err
	case SRV:
		r, err := p.SRVResource()
		name := strings.TrimSuffix(r.Target.String(), ".")
		return Record{Priority: r.Priority, Weight: r.Weight, Port: r.Port, Name: name}, err
	}
	r, err := p.UnknownResource()
	if err != nil {
		return Record{}, err
	}
	return naptr(r.Data)
}

// naptr reads the data of a NAPTR record (RFC 3403 §4.1). Its name is never
// compressed.
func naptr(b []byte) (Record, error) {
	if len(b) < 4 {
		return Record{}, errRecord
	}
	r := Record{Priority: binary.BigEndian.Uint16(b), Weight: binary.BigEndian.Uint16(b[2:])}
	var texts [3]string // flags, service, regexp
	b = b[4:]
	for i := range texts {
		text, rest, ok := characters(b)
		if !ok {
			return Record{}, errRecord
		}
		texts[i], b = string(text), rest
	}
	r.Flags, r.Service = strings.ToLower(texts[0]), strings.ToUpper(texts[1])
	var labels []string
	for {
		label, rest, ok := characters(b)
		if !ok || len(label) > 63 {
			return Record{}, errRecord
		}
		if len(label) == 0 {
			r.Name = strings.Join(labels, ".")
			return r, nil
		}
		labels, b = append(labels, string(label)), rest
	}
}

// characters reads a string with its length in front (RFC 1035 §3.3).
func characters(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return nil, nil, false
	}
	end := 1 + int(b[0])
	return b[1:end], b[end:], true
}
