package siptest

import (
	"fmt"
	"strconv"

	sipmsg "github.com/emiago/sipgo/sip"
)

// Notify sends a user a NOTIFY nobody subscribed to, as registrars do for
// messages waiting (RFC 3842) or check-sync. It is sent once; the answer is
// not waited for.
func (r *Registrar) Notify(user, event, contentType string, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.latest(user)
	if !ok {
		return fmt.Errorf("siptest: notify %s: not registered", user)
	}
	r.notifySeq++
	id := r.hash("notify", strconv.Itoa(int(r.notifySeq)))
	req := sipmsg.NewRequest(sipmsg.NOTIFY, b.contact)
	uri := sipmsg.Uri{Scheme: "sip", User: user, Host: r.opts.Domain}
	callID, maxForwards := sipmsg.CallIDHeader(id), sipmsg.MaxForwardsHeader(70)
	for _, h := range []sipmsg.Header{
		&sipmsg.ViaHeader{
			ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: b.from.transport,
			Host: r.addr.Addr().String(), Port: int(r.addr.Port()),
			Params: sipmsg.HeaderParams{{K: "branch", V: cookie + id}, {K: "rport"}},
		},
		&sipmsg.FromHeader{Address: uri, Params: sipmsg.HeaderParams{{K: "tag", V: id}}},
		&sipmsg.ToHeader{Address: uri},
		&callID,
		&sipmsg.CSeqHeader{SeqNo: 1, MethodName: sipmsg.NOTIFY},
		&maxForwards,
		&sipmsg.ContactHeader{Address: sipmsg.Uri{Scheme: "sip", Host: r.addr.Addr().String(), Port: int(r.addr.Port())}},
		sipmsg.NewHeader("Event", event),
		sipmsg.NewHeader("Subscription-State", "active"),
		sipmsg.NewHeader("Content-Type", contentType),
	} {
		req.AppendHeader(h)
	}
	req.SetBody(body)
	r.send(req, b.from)
	return nil
}
