package config

// Privacy is what the operator asks of the owner. The owner can always allow
// less, never more.
type Privacy struct {
	Level          int      `json:"level" default:"2" range:"0..4" doc:"The most that may leave the device: 0 nothing, 1 state of the device, 2 quality of calls, 3 logs, 4 traces."`
	Categories     []string `json:"categories" default:"hardware_model,os_version,firmware,device_configuration,network_configuration,identifiers,ip_address,performance,signal_strength,call_quality,mobile_network,crash,logs,trace" enum:"hardware_model,os_version,firmware,device_configuration,network_configuration,identifiers,ip_address,performance,signal_strength,call_quality,mobile_network,phone_number,location,crash,logs,trace" range:"0..16" doc:"Kinds of data that are asked for. phone_number and location are only asked for when named."`
	NoticeRequired bool     `json:"notice_required" default:"true" doc:"Nothing leaves before the owner has decided. false: the owner's contract covers level 1 until then."`
	NoticeVersion  int      `json:"notice_version" default:"1" range:"1..1000000" doc:"Version of the text that the owner was shown; it is kept with each decision."`
}
