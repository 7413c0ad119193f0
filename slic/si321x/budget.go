package si321x

import "time"

// Alarms a port may have before it is taken out of service, and how they are
// forgiven: one every ten seconds.
const (
	maxAlarms   = 10
	forgiveness = 10 * time.Second
)

// budget counts troubles that are forgiven with time.
type budget struct {
	count int
	since time.Time // until when forgiveness has been given
}

// spend counts one trouble and says whether that is too many.
func (b *budget) spend(now time.Time) bool {
	if forgiven := int(now.Sub(b.since) / forgiveness); b.count > 0 && forgiven > 0 {
		b.count = max(0, b.count-forgiven)
		b.since = b.since.Add(time.Duration(forgiven) * forgiveness)
	}
	if b.count == 0 {
		b.since = now
	}
	b.count++
	return b.count > maxAlarms
}
