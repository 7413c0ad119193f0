//go:build machine && linux

package guest

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/dsp/compare"
)

// weather is what the kernel's network emulation does to every packet.
type weather struct {
	delay, jitter time.Duration
	loss          float64 // share of packets
}

// Attributes of the emulation, linux/pkt_sched.h.
const (
	netemLatency64 = 10
	netemJitter64  = 11
	netemLimit     = 1000 // packets on their way

	tcRoot = 0xFFFFFFFF // TC_H_ROOT
)

// set gives an interface this weather until the test ends.
func (w weather) set(t *testing.T, device string) {
	t.Helper()
	options := make([]byte, 24) // struct tc_netem_qopt
	binary.NativeEndian.PutUint32(options[4:], netemLimit)
	binary.NativeEndian.PutUint32(options[8:], uint32(w.loss*math.MaxUint32))
	options = attribute(options, netemLatency64, binary.NativeEndian.AppendUint64(nil, uint64(w.delay)))
	options = attribute(options, netemJitter64, binary.NativeEndian.AppendUint64(nil, uint64(w.jitter)))
	body := attribute(attribute(nil, unix.TCA_KIND, []byte("netem\x00")), unix.TCA_OPTIONS, options)
	if err := discipline(unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, device, body); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := discipline(unix.RTM_DELQDISC, 0, device, nil); err != nil {
			t.Error(err)
		}
	})
}

// attribute appends an attribute of netlink.
func attribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// discipline asks the kernel to change the root queueing discipline of an
// interface (rtnetlink(7)).
func discipline(kind, flags uint16, device string, attributes []byte) error {
	link, err := net.InterfaceByName(device)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	defer unix.Close(fd)
	m := make([]byte, unix.NLMSG_HDRLEN+20) // struct nlmsghdr, struct tcmsg
	binary.NativeEndian.PutUint32(m[0:], uint32(len(m)+len(attributes)))
	binary.NativeEndian.PutUint16(m[4:], kind)
	binary.NativeEndian.PutUint16(m[6:], flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	binary.NativeEndian.PutUint32(m[20:], uint32(link.Index))
	binary.NativeEndian.PutUint32(m[28:], tcRoot)
	if err := unix.Sendto(fd, append(m, attributes...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	if n < unix.NLMSG_HDRLEN+4 {
		return fmt.Errorf("netlink: an answer of %d bytes", n)
	}
	if errno := -int32(binary.NativeEndian.Uint32(answer[unix.NLMSG_HDRLEN:])); errno != 0 {
		return fmt.Errorf("queueing discipline of %s: %w", device, unix.Errno(errno))
	}
	return nil
}

// TestAgentLoss has the network lose and delay packets, signalling and voice
// alike: calls are set up and ended, and speech is understood.
func TestAgentLoss(t *testing.T) {
	s := newScene(t)
	s.do(1, plain)
	s.peer.do(plain)
	weather{delay: 30 * time.Millisecond, jitter: 5 * time.Millisecond, loss: 0.03}.set(t, "lo")
	s.do(1, "offhook wait tone:dial dial "+numberFar+" wait tone:ringback")
	s.peer.do("wait ringing offhook pause 1s")
	talks := s.talk(1)
	// It takes reports of both ends, which may be lost like all else.
	st := s.program.await(20*time.Second, "a round trip", func(st agent.Status) bool {
		l := st.Lines[0]
		return l.State == "talking" && len(l.Calls) == 1 && l.Calls[0].Voice.RoundTrip > 0
	})
	v := st.Lines[0].Calls[0].Voice
	t.Logf("%d packets received, %d lost, jitter %.1f ms, buffer %.1f ms, %.0f ms made up, MOS %.2f",
		v.Received, v.Lost, 1000*v.Jitter, 1000*v.Buffer, 1000*v.Concealed, v.MOSCQ)
	if v.Lost == 0 || v.Lost > int64(v.Received/10) || v.RoundTrip < 0.05 || v.MOSLQ < 3 {
		t.Errorf("voice in bad weather: %+v", v)
	}
	s.do(1, "onhook")
	s.peer.do("wait cpc -timeout 20s onhook")
	s.program.await(10*time.Second, "idle", idle)
	s.program.await(10*time.Second, "still registered", func(st agent.Status) bool { return inService(st) })
	for _, x := range talks {
		x.understood(t)
	}
}

// understood judges speech that lost a few packets on its way.
func (x *talk) understood(t *testing.T) {
	t.Helper()
	r, err := compare.Speech(x.said, x.heard, longestDelay)
	if err != nil {
		t.Errorf("%s to %s: %v", x.from, x.to, err)
		return
	}
	t.Logf("%s to %s: delay %v, likeness %.4f, %d of %d pieces lost", x.from, x.to, r.Delay, r.Correlation, r.Gaps, r.Pieces)
	if r.Gaps > r.Pieces/10 || r.Correlation < 0.9 {
		t.Errorf("%s to %s: %+v", x.from, x.to, r)
	}
}
