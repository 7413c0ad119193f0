package media

import (
	"errors"
	"fmt"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/ata-agent/ata-agent/sdes"
)

// replayWindow is how many packets may come between two that changed places; the
// jitter buffer takes fewer (RFC 3711 §3.3.2 asks for 64 at least).
const replayWindow = 128

// srtpOverhead bounds what protection adds to a packet: the tag of AES-GCM
// (RFC 7714 §9.2). Ours carry no MKI.
const srtpOverhead = 16

var profiles = map[sdes.Suite]srtp.ProtectionProfile{
	sdes.AESCM80: srtp.ProtectionProfileAes128CmHmacSha1_80,
	sdes.AESCM32: srtp.ProtectionProfileAes128CmHmacSha1_32,
	sdes.AESGCM:  srtp.ProtectionProfileAeadAes128Gcm,
}

var errNoKeys = errors.New("media: no usable keys")

// outbound protects what we send under one key. Each has an SSRC and a first
// sequence number of its own, so that its rollover counter begins at zero for
// the far end as well, whoever that is by now. The sequence number begins in the
// lower half, so that a lost first packet does not put the far end's counter
// wrong (RFC 3711 §3.3.1). The zero value sends nothing.
type outbound struct {
	ssrc uint32
	seq  uint16

	header  rtp.Header
	packets *srtp.Context // of the goroutine that sends voice
	control *srtp.Context // under the lock of control
}

func newOutbound(suite sdes.Suite, key sdes.Key) (*outbound, error) {
	o := &outbound{ssrc: randomWord(), seq: firstSequence()}
	var err1, err2 error
	o.packets, err1 = newContext(suite, key)
	o.control, err2 = newContext(suite, key)
	if err := errors.Join(err1, err2); err != nil {
		return &outbound{}, err
	}
	o.packets.SetROC(o.ssrc, 0) // makes its state, here and not in the audio goroutine
	return o, nil
}

// firstSequence is a sequence number to begin with.
func firstSequence() uint16 { return uint16(randomWord()) & 0x7FFF }

func newContext(suite sdes.Suite, key sdes.Key, opts ...srtp.ContextOption) (*srtp.Context, error) {
	profile, known := profiles[suite]
	master, salt := key.Split(suite)
	if !known || master == nil {
		return nil, errNoKeys
	}
	c, err := srtp.CreateContext(master, salt, profile, opts...)
	if err != nil {
		return nil, fmt.Errorf("media: srtp: %w", err)
	}
	return c, nil
}

// seal puts a protected packet into dst.
func (o *outbound) seal(dst, packet []byte) ([]byte, error) {
	if o.packets == nil {
		return nil, errNoKeys
	}
	return o.packets.EncryptRTP(dst, packet, &o.header)
}

// sealControl protects a compound packet of RTCP. The caller holds the lock of
// control.
func (o *outbound) sealControl(packet []byte) ([]byte, error) {
	if o.control == nil {
		return nil, errNoKeys
	}
	return o.control.EncryptRTCP(nil, packet, nil)
}

// inbound opens what comes under one key. It remembers rollover counters and what
// came already by SSRC, of authentic packets alone. The zero value opens nothing.
type inbound struct {
	packets *srtp.Context // of the goroutine that reads RTP
	control *srtp.Context // under the lock of control
}

func newInbound(keys *sdes.Keys) (*inbound, error) {
	opts := []srtp.ContextOption{srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow)}
	if keys.MKI != "" {
		opts = append(opts, srtp.MasterKeyIndicator([]byte(keys.MKI)))
	}
	i := &inbound{}
	var err1, err2 error
	i.packets, err1 = newContext(keys.Suite, keys.Receive, opts...)
	i.control, err2 = newContext(keys.Suite, keys.Receive, opts...)
	if err := errors.Join(err1, err2); err != nil {
		return &inbound{}, err
	}
	return i, nil
}

// open puts the plain packet into dst, whose capacity must do. false: it is forged,
// damaged or was there already.
func (i *inbound) open(dst, packet []byte, h *rtp.Header) ([]byte, bool) {
	if i.packets == nil {
		return nil, false
	}
	plain, err := i.packets.DecryptRTP(dst, packet, h)
	return plain, err == nil
}

// openControl does the same for RTCP. The caller holds the lock of control.
func (i *inbound) openControl(packet []byte) ([]byte, bool) {
	if i.control == nil {
		return nil, false
	}
	plain, err := i.control.DecryptRTCP(nil, packet, nil)
	return plain, err == nil
}

// protect gives a stream what its keys need: the same contexts as before where
// the keys are the same, for they count (RFC 3711 §3.2.3). Keys of the far end
// that changed may mean another far end, which begins to count anew, and so do we
// then. Keys that cannot be used leave the stream silent and deaf.
func (s *Session) protect(stream *Stream) error {
	old := s.stream.Load()
	stream.out, stream.in = nil, nil
	switch {
	case stream.Keys == sdes.Keys{}:
		return nil
	case stream.Keys == old.Keys && old.out != nil:
		stream.out, stream.in = old.out, old.in
		return nil
	}
	var errIn, errOut error
	stream.out, errOut = newOutbound(stream.Keys.Suite, stream.Keys.Send)
	if stream.in = old.in; old.in == nil || !sameReceiver(&stream.Keys, &old.Keys) {
		stream.in, errIn = newInbound(&stream.Keys)
	}
	return errors.Join(errOut, errIn)
}

func sameReceiver(a, b *sdes.Keys) bool {
	return a.Suite == b.Suite && a.Receive == b.Receive && a.MKI == b.MKI
}
