package agent

import "github.com/ata-agent/ata-agent/media"

// AudioStatus is what is heard at a port, whether or not there is a call.
type AudioStatus struct {
	ToPhone   LevelStatus `json:"to_phone"`
	FromPhone LevelStatus `json:"from_phone"` // echo included, before the gain
	Echo      EchoStatus  `json:"echo"`
}

// LevelStatus is how loud one direction is, in dBm0; silence is -100.
type LevelStatus struct {
	Level   float64 `json:"level_dbm0"`
	Peak    float64 `json:"peak_dbm0"`       // of the last second or two
	Clipped uint64  `json:"clipped_samples"` // at full scale, since the start
}

// EchoStatus is how the echo canceller fares. The figures are 0 until somebody far
// has talked.
type EchoStatus struct {
	Loss        float64 `json:"return_loss_db"` // of the line (ERL)
	Enhancement float64 `json:"enhancement_db"` // by the canceller (ERLE)
	Known       bool    `json:"converged"`
}

func audioStatus(v *media.Voice) AudioStatus {
	l, e := v.Levels(), v.Echo()
	return AudioStatus{levelStatus(l.ToPhone), levelStatus(l.FromPhone), EchoStatus(e)}
}

func levelStatus(l media.Level) LevelStatus {
	return LevelStatus{max(quietest, float64(l.Level)), max(quietest, float64(l.Peak)), l.Clipped}
}
