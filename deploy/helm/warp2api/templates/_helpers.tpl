{{/* The name of everything in the release. */}}
{{- define "warp2api.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What tells the release's pods from all others; it never changes. */}}
{{- define "warp2api.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "warp2api.labels" -}}
{{ include "warp2api.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "warp2api.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "warp2api.name" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* True where more than one pod may serve at a time. */}}
{{- define "warp2api.several" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) -}}true{{- end -}}
{{- end -}}

{{/* Refuses what could only fail later, in a pod's log. */}}
{{- define "warp2api.check" -}}
{{- $simulated := hasPrefix "simulator" (get .Values.config "upstream" | toString) -}}
{{- $open := get .Values.config "allow_anonymous" -}}
{{- if not (or .Values.existingSecret .Values.env (and $simulated $open)) -}}
{{- fail "existingSecret must name a Secret with API_TOKEN and a credential of yours (see values.yaml)" -}}
{{- end -}}
{{- if and (include "warp2api.several" .) (not .Values.state.url) -}}
{{- fail "more than one replica needs state.url, or each would count and remember for itself" -}}
{{- end -}}
{{- if and (include "warp2api.several" .) .Values.persistence.enabled -}}
{{- fail "persistence is for one replica; several share what state.url names" -}}
{{- end -}}
{{- range $key := list "client_keys" "api_key" "refresh_token" "jwt" "pool_service_key" "broker_key" "cloudflare_api_token" "state_password" "state_secret" "otlp_headers" "otlp_traces_headers" -}}
{{- if hasKey $.Values.config $key -}}
{{- fail (printf "%s is a secret: it belongs into existingSecret, as a variable" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
