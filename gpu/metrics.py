"""Every metric of the speech server, declared once."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "speech_requests", "Requests by route and HTTP status.", ["route", "status"], registry=REGISTRY
)
CLOSED = Counter(
    "speech_requests_closed", "Requests whose client left before the end.", ["route"], registry=REGISTRY
)
JOBS = Counter(
    "speech_jobs", "Jobs handed to a worker process, by outcome.", ["engine", "outcome"], registry=REGISTRY
)
JOB_SECONDS = Histogram(
    "speech_job_seconds",
    "Time a worker process spent on a job.",
    ["engine"],
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60),
)
WAIT_SECONDS = Histogram(
    "speech_wait_seconds",
    "Time a job waited for a worker process.",
    ["engine"],
    registry=REGISTRY,
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
WAITING = Gauge("speech_jobs_waiting", "Jobs waiting for a worker process.", ["engine"], registry=REGISTRY)
GATHERING = Gauge(
    "speech_requests_gathering", "Requests waiting for the next batch.", ["engine"], registry=REGISTRY
)
BATCH = Histogram(
    "speech_batch_requests",
    "Requests that a job answers together.",
    ["engine"],
    registry=REGISTRY,
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
DROPPED = Counter(
    "speech_inventions", "Windows whose text was taken for an invention.", ["why"], registry=REGISTRY
)
RUNNING = Gauge(
    "speech_jobs_running", "Jobs that a worker process is busy with.", ["engine"], registry=REGISTRY
)
WORKERS = Gauge("speech_workers_ready", "Worker processes able to work.", ["engine"], registry=REGISTRY)
STARTS = Counter("speech_worker_starts", "Worker processes started.", ["engine"], registry=REGISTRY)
SPEECH_SECONDS = Counter("speech_audio_seconds", "Seconds of audio synthesised.", registry=REGISTRY)
TAKES = Counter(
    "speech_takes", "Bark's attempts at a text, by what was wrong with them.", ["fault"], registry=REGISTRY
)
FIRST_SOUND = Histogram(
    "speech_first_sound_seconds",
    "From a request to its first sound.",
    ["model"],
    registry=REGISTRY,
    buckets=(0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 15, 60),
)
PASSES = Counter(
    "speech_passes", "Bark's passes for sentences said to their end or stopped.", ["stage"], registry=REGISTRY
)
STOP_STEPS = Histogram(
    "speech_stop_steps",
    "Steps of Bark's engine from hearing that a sentence is stopped until its slot was free.",
    registry=REGISTRY,
    buckets=(0, 1, 2, 5, 10, 100),
)
FIRST_SHARE = Histogram(
    "speech_first_sound_share",
    "How much of a sentence's semantic tokens Bark had drawn when its first sound left.",
    registry=REGISTRY,
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99, 1),
)
